import { HmsError, MAX_BOT_NAME, MAX_POLICIES_OF_READER, MAX_REGION_NAME, REVISION_HEADER } from '#libs/contracts'
import { emptyIsNone, isInteger, isNameOf, isText, toList, toNumber } from '#libs/platform'
import { isPolicyId, isTimestamp } from '#libs/policy'
import { IsOptional, Matches, ValidateBy } from 'class-validator'

const isTime = ValidateBy({
  name: 'isTime',
  validator: {
    validate: isTimestamp,
    defaultMessage: () =>
      '$property must be a time with an offset, RFC 3339, such as 2026-01-01T00:00:00Z; a + in an address is written %2B',
  },
})

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

const namesPolicies = ValidateBy({
  name: 'namesPolicies',
  validator: {
    validate: (ids) => Array.isArray(ids) && ids.length <= MAX_POLICIES_OF_READER && ids.every(isPolicyId),
    defaultMessage: () => `$property must name 1 to ${MAX_POLICIES_OF_READER} policies by their ids, with commas between them`,
  },
})

/** Who reads how many. */
export class PartQueryDto extends ReaderQueryDto {
  /** Policies that this reader uses; those of their bundles are included. Unknown ones are sent once they exist. */
  @IsOptional()
  @toList
  @namesPolicies
  policies?: string[]
}

/** Who follows, and from where on. */
export class StreamQueryDto extends PartQueryDto {
  /** What this reader has already: it gets what came after. */
  @IsOptional()
  @toNumber
  @isInteger(0)
  revision?: number
}

/** Who reads everything, at once or page by page. */
export class SnapshotQueryDto extends StreamQueryDto {
  /** A page of the documents whose place (`policy@scope`) comes after this one; empty for the first page. */
  @IsOptional()
  @Matches(/^([a-z0-9-]{1,100}@.{1,100})?$/u, { message: 'after must be the `next` of the page before, or empty' })
  after?: string
}

/** One policy: as it is in force for a reader, or as it was in force for all. */
export class PolicyQueryDto extends ReaderQueryDto {
  /** What was in force then. */
  @IsOptional()
  @isTime
  at?: string

  /** As it was known then: what was recorded later does not count. Now, unless given. */
  @IsOptional()
  @isTime
  known?: string

  /** What this version said, and when it was last in force. */
  @IsOptional()
  @Matches(/^\d+\.\d+\.\d+[0-9A-Za-z.+-]*$/, { message: 'version must be a version such as 1.5.0' })
  version?: string
}

/** Parses the minimum revision that a reader has seen elsewhere; an older response is not acceptable. */
export function parseAtLeast(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  if (/^\d{1,15}$/.test(header)) return Number(header)
  throw new HmsError('HMS_HTTP_BAD_REQUEST', `The header ${REVISION_HEADER} is a revision, a whole number.`, { status: 400 })
}

export class RestoreDocumentDto {
  /** Written to the log with what was restored. */
  @IsOptional()
  @isText(1_000)
  reason?: string
}
