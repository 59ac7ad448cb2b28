import { MAX_BOT_NAME, MAX_REGION_NAME } from '#libs/contracts'
import { emptyIsNone, isNameOf, toNumber } from '#libs/platform'
import { IsInt, IsOptional, Max, Min } from 'class-validator'

/** Who reads. The one door for names in a query: what could not be stored, logged or shown is refused before anything keeps it. */
export class ReaderQueryDto {
  @IsOptional()
  @emptyIsNone
  @isNameOf(MAX_BOT_NAME)
  bot?: string

  @IsOptional()
  @emptyIsNone
  @isNameOf(MAX_REGION_NAME)
  region?: string
}

/** Who follows, and from where on. */
export class StreamQueryDto extends ReaderQueryDto {
  /** What this reader has already: it gets what came after. */
  @IsOptional()
  @toNumber
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  revision?: number
}
