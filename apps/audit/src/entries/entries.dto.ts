import { isInstant, toNumber } from '#libs/platform'
import { IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator'

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

  /** The index of the first entry the caller has. */
  @IsOptional()
  @toNumber
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  before?: number

  /** Name of the person who signed, decided, froze, revoked or sent again, whatever its case. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  by?: string

  @IsOptional()
  @IsString()
  @MaxLength(200)
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
  @IsInt()
  @Min(1)
  @Max(1_000)
  limit = 200
}
