import { isInstant, isIntegerText, isOptionalText } from '#libs/platform'
import { IsIn, IsOptional } from 'class-validator'

export class EntriesQueryDto {
  @IsOptional()
  @isIntegerText(1)
  run?: number

  /** Index after which entries are listed: the last one the caller has. */
  @IsOptional()
  @isIntegerText(0)
  after?: number

  /** Index before which entries are listed: the first one the caller has. */
  @IsOptional()
  @isIntegerText(0)
  before?: number

  /** Name of a person who signed, decided, froze, revoked or redrove, case-insensitive. */
  @isOptionalText(200)
  by?: string

  @isOptionalText(200)
  type?: string

  @IsOptional()
  @isInstant
  since?: string

  @IsOptional()
  @isInstant
  until?: string

  /** Whether entries include the acts of people in the event, with their reasons. */
  @IsOptional()
  @IsIn(['true', 'false'])
  acts?: 'true' | 'false'

  /** Whether entries include the signed events that the log keeps. */
  @IsOptional()
  @IsIn(['true', 'false'])
  signed?: 'true' | 'false'

  @IsOptional()
  @IsIn(['index', 'newest'])
  order: 'index' | 'newest' = 'index'

  @IsOptional()
  @isIntegerText(1, 1_001)
  limit = 200
}

/** Most entries of one response of `/v1/export`. */
const MAX_PULLED = 10_000

export class ExportQueryDto {
  /** `cursor` of the last line that the caller has. */
  @isOptionalText(200)
  after?: string

  /** Number of entries after which the response ends, at a checkpoint. */
  @IsOptional()
  @isIntegerText(1, MAX_PULLED)
  limit = MAX_PULLED
}
