import { HmsError, type StreamFrame } from '#libs/contracts'
import type { InForce, PolicyValue, Reader } from '#libs/evaluation'
import {
  FRESHNESS_AHEAD_MS,
  provesStableHead,
  SignatureError,
  type FreshnessPredicate,
  type HeadPredicate,
  type Roster,
  type VerifiedRelease,
} from '#libs/signing'
import type { Clock } from '../clock.js'
import { HeldDocuments } from '../connection/held-documents.js'
import { checkedDocuments, DocumentTrust } from '../trust/document-trust.js'
import { ReaderTime } from '../trust/reader-time.js'

/** Policy in force for one reader, with its signed documents. */
export interface VerifiedValue {
  value: PolicyValue
  /** The head in force. Once the release in `next` is effective, `current` is that release. */
  head: HeadPredicate
  release: VerifiedRelease
  /** Run of the release, from the head. */
  run: number | null
  /** The store's own counter; not signed. */
  revision: number
  /** Version of a release that the head holds until its effective time; `null` without one. */
  held: string | null
}

/** Reason why the shown documents may be incomplete; readers are STALE with the same code. */
export interface LiveDoubt {
  code: string
  detail: string
}

/** Result for one policy. `verified`: as signed, with `doubt` if a newer value may exist. `refused`: a signature or proof is invalid. */
export type JudgedLive = { kind: 'verified'; value: VerifiedValue | null; doubt?: LiveDoubt } | ({ kind: 'refused' } & LiveDoubt)

export interface FrameTrust {
  roster: Roster
  clock: Clock
  /** Default: an anonymous reader, which is in no canary. */
  reader?: Reader
}

/** Judges a snapshot without a grace period: its freshness statement must be current by this clock, and name exactly the shown heads. */
export function judgeFrame(
  ids: readonly string[],
  frame: StreamFrame,
  { roster, clock, reader = {} }: FrameTrust,
): Map<string, JudgedLive> {
  const time = new ReaderTime(clock)
  const trust = new DocumentTrust(() => roster, time)
  const refusedDoubt = applyFreshness(frame, trust, roster)
  const copy = new HeldDocuments(trust)
  const refusals = new Map<string, SignatureError>()
  for (const { document, error } of copy.apply(frame.documents, time.now()))
    if (error.code !== 'HMS_RELEASE_NOT_EFFECTIVE') refusals.set(document?.id, error)
  const { statement, doubt } =
    refusedDoubt === undefined ? checkFreshness(trust, roster, clock) : { statement: undefined, doubt: refusedDoubt }
  const heads = new Map(copy.stableHeads().map((head) => [head.policy, head]))
  // The later time: the statement may be ten seconds old, or older while rollout is down, and a release may have become effective since.
  const now = Math.max(time.now(), clock.now())
  const inForce = copy.inForce(reader, now)
  const judged = (id: string): JudgedLive => {
    const refusal = refusals.get(id)
    if (refusal !== undefined) return { kind: 'refused', code: refusal.code, detail: refusal.detail }
    const proof = frame.standing?.[id]
    // Statements of earlier versions have no tree and prove nothing about single policies.
    const isMixed = statement?.tree !== undefined && !provesStableHead(statement.tree, id, heads.get(id), proof)
    const mixed = isMixed ? mixedDoubt(statement, id, { seq: heads.get(id)?.seq, hasProof: proof !== undefined }) : undefined
    if (mixed !== undefined && proof !== undefined) return { kind: 'refused', ...mixed } // guard: get-vouched-for
    const found = inForce.get(id)
    const shownDoubt = doubt ?? mixed
    return {
      kind: 'verified',
      value: found === undefined ? null : verifiedValue(found, copy, roster),
      ...(shownDoubt === undefined ? {} : { doubt: shownDoubt }),
    }
  }
  return new Map(ids.map((id) => [id, judged(id)]))
}

/** Returns the doubt about a head that is not confirmed. `seq`: `seq` of the shown head. `hasProof`: whether the server sent a proof. */
function mixedDoubt({ issuedAt }: FreshnessPredicate, id: string, { seq, hasProof }: { seq?: number; hasProof: boolean }): LiveDoubt {
  const stated = `rollout's freshness statement of ${issuedAt}`
  const [isOn, confirms] =
    seq === undefined ? [`has no head of ${id}`, `that ${id} has no head`] : [`is on head ${seq} of ${id}`, `head ${seq} of ${id}`]
  const detail = hasProof
    ? `${stated} does not confirm ${confirms}: the server's proof is for another head, or forged`
    : `the server shows no proof that ${stated} ${isOn}: a newer head may have been withheld`
  return { code: 'HMS_FRESHNESS_MIXED', detail }
}

/** Applies rollout's freshness statement. Returns `undefined` on success, else the doubt. */
function applyFreshness(frame: StreamFrame, trust: DocumentTrust, roster: Roster): LiveDoubt | undefined {
  if (frame.freshness === undefined) return { code: 'HMS_FRESHNESS_MISSING', detail: 'the server shows no freshness statement of rollout' }
  try {
    const version = trust.acceptFreshness(frame.freshness)
    if (version <= roster.version) return undefined
    const detail = `rollout uses roster ${version}, but the newest roster known here is ${roster.version}`
    return { code: 'HMS_ROSTER_VERSION', detail }
  } catch (error) {
    if (error instanceof SignatureError && error.code === 'HMS_FRESHNESS_AHEAD') return { code: error.code, detail: error.detail }
    throw error
  }
}

/** Checks the statement by this machine's clock: a new reader's time starts at the signed time, even if the signed time is old. */
function checkFreshness(
  trust: DocumentTrust,
  { version, expires }: Roster,
  clock: Clock,
): { statement: FreshnessPredicate | undefined; doubt: LiveDoubt | undefined } {
  let statement: FreshnessPredicate | undefined
  const code = trust.doubt((newest) => {
    statement = newest
    return true
  })
  // guard: get-reports-stale
  if (statement !== undefined && !(clock.now() < Date.parse(statement.expires) + FRESHNESS_AHEAD_MS)) {
    const detail = `the freshness statement of rollout was valid until ${statement.expires}: an old state is shown, or a clock is wrong`
    return { statement, doubt: { code: 'HMS_FRESHNESS_EXPIRED', detail } }
  }
  if (code === undefined) return { statement, doubt: undefined }
  if (code === 'HMS_ROSTER_EXPIRED')
    return { statement, doubt: { code, detail: `roster ${version} expired at ${expires}, and nothing confirms its keys since` } }
  return { statement, doubt: { code, detail: 'no valid freshness statement of rollout confirms the shown values' } }
}

function verifiedValue({ held: { value, head, next } }: InForce, copy: HeldDocuments, roster: Roster): VerifiedValue {
  // The signed document is looked up in the copy and verified from the cache: a value taken from `next` does not have the signed head.
  const { document } = copy.documentsOf(head.policy).find(({ head: { scope } }) => scope === head.scope)!
  const { verified } = checkedDocuments.of(document, roster)
  const isNext = verified.head.current !== head.current
  const release = isNext ? verified.next?.release : verified.release
  if (release?.digest !== head.current) throw new HmsError('HMS_HEAD_RELEASE_OTHER', `the head of ${head.policy} names another release`)
  const run = (isNext ? verified.head.next?.run : undefined) ?? verified.head.run ?? null
  return { value, head, release: release!, run, revision: document.revision, held: next?.held.value?.version ?? null }
}
