import { toNumber } from '#libs/platform'
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator'

export class CoverageQueryDto {
  @IsString()
  @MaxLength(100)
  policy!: string

  @IsOptional()
  @toNumber
  @IsInt()
  @Min(0)
  revision?: number

  @IsOptional()
  @toNumber
  @IsInt()
  @Min(0)
  @Max(15_000)
  waitMs?: number
}
