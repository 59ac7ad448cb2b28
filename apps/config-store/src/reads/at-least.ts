import { HmsError, REVISION_HEADER } from '#libs/contracts'

/** Parses the minimum revision that a reader has seen elsewhere; an older response is not acceptable. */
export function parseAtLeast(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  if (/^\d{1,15}$/.test(header)) return Number(header)
  throw new HmsError('HMS_HTTP_BAD_REQUEST', `The header ${REVISION_HEADER} is a revision, a whole number.`, { status: 400 })
}
