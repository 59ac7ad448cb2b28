import { isInteger, toNumber } from '#libs/platform'
import { IsISO8601, IsOptional } from 'class-validator'

export class LiveRecordsQueryDto {
  /** Time of the last head that is known. */
  @IsOptional()
  @IsISO8601({ strict: true }, { message: 'after must be a time, RFC 3339' })
  after?: string

  @IsOptional()
  @toNumber
  @isInteger(1, 200)
  limit?: number
}
