import { canonicalJson, HmsError, type FieldDifference, type PreparedApproval, type PreparedRelease } from '#libs/contracts'
import { describeChange, fieldsOf } from '#libs/policy'
import { approvalDigest, readRelease, SignatureError, STATEMENT_TYPE, type OpenedRelease, type ReleasePredicate } from '#libs/signing'

/** An approval as its bytes have it, and what each release says. */
export interface ReadApproval {
  prepared: PreparedApproval
  predicates: ReleasePredicate[]
}

/**
 * Reads what people are to sign. The bytes must be releases and nothing else: a roster that names the policy too would be signed as
 * willingly. Plan, authors, break-glass and every difference are then those of the bytes, whatever the service said beside them. Throws
 * `HMS_APPROVAL_MISMATCH` (502).
 */
export function readPrepared(given: PreparedApproval): ReadApproval {
  const predicates = given.releases.map(readBytes)
  const [first] = predicates
  if (first === undefined) throw mismatch('no release at all')
  if (given.digest !== approvalDigest(given.releases.map(({ digest }) => ({ releaseDigest: digest }))))
    throw mismatch('releases of another digest than it names')
  const { plan, breakGlass } = first
  if (predicates.some((each) => canonicalJson(each.plan) !== canonicalJson(plan))) throw mismatch('releases with several plans')
  const { breakGlass: _said, ...rest } = given
  const authors = [...new Set(predicates.flatMap(({ author }) => author ?? []))]
  const releases = given.releases.map((release, index) => asInBytes(release, predicates[index]!))
  return { prepared: { ...rest, plan, authors, releases, ...(breakGlass === undefined ? {} : { breakGlass }) }, predicates }
}

function readBytes({ id, version, payload, digest }: PreparedRelease): ReleasePredicate {
  const { predicate, digest: found } = asRelease(payload)
  if (found !== digest) throw mismatch('bytes of another digest than it names')
  if (predicate.policy.id !== id || predicate.policy.version !== version) throw mismatch('another policy than it names')
  return predicate
}

function asRelease(payload: string): OpenedRelease {
  try {
    return readRelease({ payload, payloadType: STATEMENT_TYPE, signatures: [] })
  } catch (error) {
    if (error instanceof SignatureError) throw mismatch(`bytes that are no release (${error.detail})`)
    throw error
  }
}

function asInBytes(release: PreparedRelease, { policy }: ReleasePredicate): PreparedRelease {
  const fields = fieldsOf(policy)
  return { ...release, differences: release.differences.map((difference) => heldAgainst(fields, difference)) }
}

/** Holds what a field becomes against the bytes. What it was before, the bytes do not say. */
function heldAgainst(fields: ReturnType<typeof fieldsOf>, { field, from, to, units: before }: FieldDifference): FieldDifference {
  const found = fields.get(field)
  const isSaid = to === undefined ? found === undefined : found !== undefined && canonicalJson(found.value) === canonicalJson(to)
  if (!isSaid) throw mismatch(`another ${field} than it shows`)
  const units = to === undefined ? before : found?.units
  const sides = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
  const change = { field, ...sides, ...(units === undefined ? {} : { units }) }
  const kind = from === undefined ? 'added' : to === undefined ? 'removed' : 'changed'
  return { ...change, text: describeChange({ ...change, kind }) }
}

export function mismatch(what: string): HmsError {
  return new HmsError('HMS_APPROVAL_MISMATCH', `the service prepared ${what}; nothing was signed`, { status: 502, retryable: false })
}
