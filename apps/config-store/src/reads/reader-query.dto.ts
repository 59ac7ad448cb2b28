import { HmsError, MAX_BOT_NAME, MAX_POLICIES_OF_READER, MAX_REGION_NAME, REVISION_HEADER } from '#libs/contracts'
import { emptyIsNone, isIntegerText, isNameOf, isOptionalText, toList } from '#libs/platform'
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

/** Query with the names of a reader. All are checked here: a name that cannot be stored, logged or shown is refused before it is used. */
export class ReaderQueryDto {
  @IsOptional() @emptyIsNone @isNameOf(MAX_BOT_NAME) bot?: string
  @IsOptional() @emptyIsNone @isNameOf(MAX_REGION_NAME) region?: string
}

const namesPolicies = ValidateBy({
  name: 'namesPolicies',
  validator: {
    validate: (ids) => Array.isArray(ids) && ids.length <= MAX_POLICIES_OF_READER && ids.every(isPolicyId),
    defaultMessage: () => `$property must name 1 to ${MAX_POLICIES_OF_READER} policies by their ids, with commas between them`,
  },
})

/** Query with the reader and the policies it reads. */
export class PartQueryDto extends ReaderQueryDto {
  /** Policies that this reader uses; the other policies of their bundles are included. Unknown ones are sent once they exist. */
  @IsOptional() @toList @namesPolicies policies?: string[]
}

/** Query with the reader of a stream and the revision to resume from. */
export class StreamQueryDto extends PartQueryDto {
  /** Revision that this reader has already: it gets the changes after it. */
  @IsOptional() @isIntegerText(0) revision?: number
}

/** Query of a snapshot, whole or page by page. */
export class SnapshotQueryDto extends StreamQueryDto {
  /** Place (`policy@scope`) after which the page of documents begins; empty for the first page. */
  @IsOptional()
  @Matches(/^([a-z0-9-]{1,100}@.{1,100})?$/u, { message: 'after must be the `next` of the page before, or empty' })
  after?: string
}

/** Query of one policy, as in force for a reader, or as it was in force for all. */
export class PolicyQueryDto extends ReaderQueryDto {
  /** Time at which the version was in force. */
  @IsOptional() @isTime at?: string

  /** Ignores heads that were recorded after this time; by default now. */
  @IsOptional() @isTime known?: string

  /** Version to return, with the time it was last in force. */
  @IsOptional()
  @Matches(/^\d+\.\d+\.\d+[0-9A-Za-z.+-]*$/, { message: 'version must be a version such as 1.5.0' })
  version?: string
}

/** Parses the newest revision that a reader saw at another instance, so no older response is acceptable. Throws 400 for any other text. */
export function parseAtLeast(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  if (/^\d{1,15}$/.test(header)) return Number(header)
  throw new HmsError('HMS_HTTP_BAD_REQUEST', `The header ${REVISION_HEADER} must be a revision, a whole number.`, { status: 400 })
}

export class RestoreDocumentDto {
  /** Reason that is logged with the restored places. */
  @isOptionalText(1_000) reason?: string
}
