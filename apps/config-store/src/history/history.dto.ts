import { toNumber } from '#libs/platform'
import { IsIn, IsInt, IsOptional, Max, Min } from 'class-validator'

export class HistoryQueryDto {
  /** Heads that are looked at; one that changed nothing for readers makes no entry. */
  @IsOptional()
  @toNumber
  @IsInt()
  @Min(1)
  @Max(200)
  limit = 50

  /** `seq` of the last entry of the page before. */
  @IsOptional()
  @toNumber
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  before?: number

  /** With the signed head and releases of each entry. */
  @IsOptional()
  @IsIn(['true', 'false'])
  signed?: 'true' | 'false'
}
