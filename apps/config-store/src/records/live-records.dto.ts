import { toNumber } from '#libs/platform'
import { IsInt, IsISO8601, IsOptional, Max, Min } from 'class-validator'

export class LiveRecordsQueryDto {
  /** Time of the last head that is known. */
  @IsOptional()
  @IsISO8601({ strict: true }, { message: 'after must be a time, RFC 3339' })
  after?: string

  @IsOptional()
  @toNumber
  @IsInt()
  @Min(1)
  @Max(200)
  limit?: number
}
