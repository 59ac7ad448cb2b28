import { toNumber } from '#libs/platform'
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator'

export class DeliveriesQueryDto {
  @IsOptional()
  @IsString()
  @MaxLength(100)
  partner?: string

  @IsOptional()
  @toNumber
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  run?: number
}
