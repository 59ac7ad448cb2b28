import { isInstant, isInteger, isText, toNumber } from '#libs/platform'
import { IsIn, IsOptional } from 'class-validator'

export class EntriesQueryDto {
  @IsOptional()
  @toNumber
  @isInteger(1)
  run?: number

  /** The index of the last entry the caller has. */
  @IsOptional()
  @toNumber
  @isInteger(0)
  after?: number

  /** The index of the first entry the caller has. */
  @IsOptional()
  @toNumber
  @isInteger(0)
  before?: number

  /** Name of the person who signed, decided, froze, revoked or sent again, whatever its case. */
  @IsOptional()
  @isText(200)
  by?: string

  @IsOptional()
  @isText(200)
  type?: string

  @IsOptional()
  @isInstant
  since?: string

  @IsOptional()
  @isInstant
  until?: string

  /** With what people did by each event, and why. */
  @IsOptional()
  @IsIn(['true', 'false'])
  acts?: 'true' | 'false'

  /** With the events that the log keeps, as their services signed them. */
  @IsOptional()
  @IsIn(['true', 'false'])
  signed?: 'true' | 'false'

  @IsOptional()
  @IsIn(['index', 'newest'])
  order: 'index' | 'newest' = 'index'

  @IsOptional()
  @toNumber
  @isInteger(1, 1_000)
  limit = 200
}
