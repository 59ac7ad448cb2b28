import { toNumber } from '#libs/platform'
import { IsInt, IsOptional, Max, Min } from 'class-validator'

export class EntriesQueryDto {
  @IsOptional()
  @toNumber
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  run?: number

  /** The index of the last entry the caller has. */
  @IsOptional()
  @toNumber
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  after?: number

  @IsOptional()
  @toNumber
  @IsInt()
  @Min(1)
  @Max(1_000)
  limit = 200
}
