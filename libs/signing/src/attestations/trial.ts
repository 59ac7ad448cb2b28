import { canonicalJson, type Envelope, type JsonObject, MAX_POLICIES_OF_RUN, type TrialStatement } from '#libs/contracts'
import { digestOfJson, hexOf, isDigest } from '../digest.js'
import { PREDICATE_TYPES } from '../predicate-types.js'
import { type Check, isCount, isText, isTime, listOf, nullable, objectOf, optional, type Shape } from '../shape.js'
import type { Signer } from '../signer.js'
import { signStatement, type StatementKind, verifyStatement } from '../statement-kind.js'
import type { Keys } from '../verify-envelope.js'

/** Documents that a trial is about: the policies to try, and the versions in force that the caller verified. */
export type TrialDocuments = { policies: readonly JsonObject[]; live: readonly JsonObject[] }

/** Maximum number of scenarios, and of corpora. */
const MAX_ENTRIES = 1_000
/** Maximum characters of a recorded time. */
export const MAX_PERIOD_TEXT = 64

const isRecordedTime: Check = (value) => typeof value === 'string' && value.length <= MAX_PERIOD_TEXT
const COUNTS: Shape = { readings: isCount, before: isCount, after: isCount, newlyViolating: isCount, newlyCompliant: isCount }
const LEFT_OUT: Shape = { lost: optional(isCount), unjudged: optional(isCount) }
const SCENARIO: Shape = { scenario: isText, corpus: isText, ...COUNTS, ...LEFT_OUT, from: isRecordedTime, to: isRecordedTime }

/** Statement kind of a trial of these documents; if `about` is undefined, of any documents. */
function trialAbout(about?: TrialDocuments): StatementKind<TrialStatement> {
  return {
    predicateType: PREDICATE_TYPES.trial,
    shape: {
      policies: listOf(objectOf({ policy: isText, version: isText, digest: isDigest, live: nullable(isDigest) }), 2 * MAX_POLICIES_OF_RUN),
      corpora: listOf(objectOf({ corpus: isText, digest: isDigest }), MAX_ENTRIES),
      reportDigest: isDigest,
      scenarios: listOf(objectOf(SCENARIO), MAX_ENTRIES),
      at: isTime,
    },
    subject: ({ policies }) =>
      policies.map(({ policy, version, digest }) => ({ name: `${policy}@${version}`, digest: { sha256: hexOf(digest) } })),
    contradiction({ policies }) {
      return about === undefined ? undefined : otherThan(policies, trialPolicies(about)) // guard: trial-policies
    },
  }
}

/** Returns the policies of a statement about these documents, sorted by id. */
export function trialPolicies({ policies, live }: TrialDocuments): TrialStatement['policies'] {
  const before = new Map(live.map((document) => [String(document['id']), digestOfJson(document)]))
  const after = new Map([...live, ...policies].map((document) => [String(document['id']), document]))
  return [...after.keys()].sort().map((policy) => {
    const document = after.get(policy)!
    return { policy, version: String(document['version']), digest: digestOfJson(document), live: before.get(policy) ?? null }
  })
}

export function signTrial(trial: TrialStatement, signer: Signer): Promise<Envelope> {
  return signStatement(trialAbout(), trial, [signer])
}

/** Reads a trial. Throws `SignatureError` unless one of simulator's `keys` signed it for exactly these policies and versions in force. */
export function readTrial(envelope: unknown, about: TrialDocuments, keys: Keys): TrialStatement {
  return verifyStatement(trialAbout(about), envelope, keys).predicate // guard: trial-signer
}

function otherThan(found: TrialStatement['policies'], expected: TrialStatement['policies']): string | undefined {
  const tried = (list: TrialStatement['policies']): string => canonicalJson(list.map(({ live: _live, ...policy }) => policy))
  if (tried(found) !== tried(expected)) return 'it is about other policies'
  return canonicalJson(found) === canonicalJson(expected) ? undefined : 'it compares with another version in force' // guard: trial-live
}
