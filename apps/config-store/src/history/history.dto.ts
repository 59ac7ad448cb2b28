import { isIntegerText } from '#libs/platform'
import { IsIn, IsISO8601, IsOptional } from 'class-validator'

export class HistoryQueryDto {
  /** Limit of heads that are read; a head that changed nothing for readers makes no entry. */
  @IsOptional() @isIntegerText(1, 200) limit = 50

  /** `seq` of the last entry of the previous page. */
  @IsOptional() @isIntegerText(1) before?: number

  /** Whether each entry includes its signed head and releases. */
  @IsOptional() @IsIn(['true', 'false']) signed?: 'true' | 'false'
}

export class LiveRecordsQueryDto {
  /** `storedAt` of the last known head; later heads are returned. */
  @IsOptional() @IsISO8601({ strict: true }, { message: 'after must be a time, RFC 3339' }) after?: string
  @IsOptional() @isIntegerText(1, 200) limit?: number
}
