import { isInteger, toNumber } from '#libs/platform'
import { IsIn, IsISO8601, IsOptional } from 'class-validator'

export class HistoryQueryDto {
  /** Heads that are looked at; one that changed nothing for readers makes no entry. */
  @IsOptional()
  @toNumber
  @isInteger(1, 200)
  limit = 50

  /** `seq` of the last entry of the page before. */
  @IsOptional()
  @toNumber
  @isInteger(1)
  before?: number

  /** With the signed head and releases of each entry. */
  @IsOptional()
  @IsIn(['true', 'false'])
  signed?: 'true' | 'false'
}

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
