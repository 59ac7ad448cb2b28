import { Transform } from 'class-transformer'
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator'

const toNumber = Transform(({ value }: { value: unknown }) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value))

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
