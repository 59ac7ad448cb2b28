import { canonicalJson, HmsError, type PreparedApproval, type PreparedRelease } from '#libs/contracts'
import {
  approvalDigest,
  bundleOf,
  digestOfJson,
  isSameBundle,
  readRelease,
  SignatureError,
  STATEMENT_TYPE,
  type OpenedRelease,
  type ReleasePredicate,
} from '#libs/signing'

/** Approval as read from its bytes, with the predicate of each release. */
export interface ReadApproval {
  prepared: PreparedApproval
  predicates: ReleasePredicate[]
}

/** Reads an approval from the bytes to sign. All must be releases: a roster could name the policy too. Throws `HMS_APPROVAL_MISMATCH`. */
export function readPrepared(given: PreparedApproval): ReadApproval {
  const predicates = given.releases.map(readBytes)
  const [first] = predicates
  if (first === undefined) throw mismatch('no release at all')
  if (given.digest !== approvalDigest(given.releases.map(({ digest }) => ({ releaseDigest: digest }))))
    throw mismatch('releases whose digest differs from the stated one') // guard: prepared-digest
  const { plan, breakGlass } = first
  if (predicates.some((each) => canonicalJson(each.plan) !== canonicalJson(plan))) throw mismatch('releases with several plans')
  const orders = new Set(predicates.map((each) => canonicalJson([each.breakGlass ?? null, each.rollback === undefined])))
  if (orders.size > 1) throw mismatch('releases that go live in different ways')
  const bundle = bundleOf(predicates.map(({ policy }) => digestOfJson(policy)))
  // guard: prepared-whole-bundle
  if (predicates.some((each) => !isSameBundle(each.bundle, bundle))) throw mismatch('a part of a bundle, or parts of several')
  const { breakGlass: _reported, ...rest } = given
  const authors = [...new Set(predicates.flatMap(({ author }) => author ?? []))]
  const releases = given.releases.map((release) => ({ ...release, differences: [] }))
  // guard: prepared-plan
  return { prepared: { ...rest, plan, authors, releases, ...(breakGlass === undefined ? {} : { breakGlass }) }, predicates }
}

function readBytes({ id, version, payload, digest }: PreparedRelease): ReleasePredicate {
  const { predicate, digest: found } = asRelease(payload)
  if (found !== digest) throw mismatch('bytes whose digest differs from the stated one')
  if (predicate.policy.id !== id || predicate.policy.version !== version) throw mismatch('another policy than the stated one')
  return predicate
}

function asRelease(payload: string): OpenedRelease {
  try {
    return readRelease({ payload, payloadType: STATEMENT_TYPE, signatures: [] }) // guard: prepared-is-a-release
  } catch (error) {
    if (error instanceof SignatureError) throw mismatch(`bytes that are not a release (${error.detail})`)
    throw error
  }
}

export function mismatch(what: string): HmsError {
  return new HmsError('HMS_APPROVAL_MISMATCH', `the service prepared ${what}; nothing was signed`, { status: 502, retryable: false })
}
