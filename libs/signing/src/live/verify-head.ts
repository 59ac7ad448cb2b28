import { peekPredicate, type Envelope, type HeldRelease, type LogProof, type ServiceName, type SignedHead } from '#libs/contracts'
import { STABLE_SCOPE, readHead, type HeadPredicate } from '../head.js'
import { effectiveMs, type OpenedRelease } from '../release.js'
import type { Roster } from '../roster/roster.js'
import { orRefusal, SignatureError, unlessRefused, type SignatureErrorCode } from '../signature-error.js'
import { approvedRelease, openRelease, type VerifiedRelease } from './verify-release.js'

export interface VerifiedHead {
  head: HeadPredicate
  envelope: Envelope
  /** Release that the head makes current; `null` for a withdrawal, and at the end of a first version's canary. */
  release: VerifiedRelease | null
  /** Release that replaces `release` from `atMs` (epoch milliseconds) on; `null` if the head names none. */
  next: VerifiedNext | null
  /** Set if the head ends a canary and the approval of `release` is no longer valid. The release is not used and sets no floor. */
  isLapsed?: true
}

export interface VerifiedNext {
  atMs: number
  release: VerifiedRelease
}

/** Returns the only service that may sign heads of a scope: rollout for all readers, canary-controller for a region or all regions. */
export function signerFor(scope: string): ServiceName {
  return scope === STABLE_SCOPE ? 'rollout' : 'canary-controller'
}

/**
 * Verifies a head as every reader does: its service signed it, and the releases it names, current and next, have enough approvals for its
 * scope in the witnessed log. Throws `SignatureError` (`HMS_HEAD_…`). `Floors` checks what depends on the reader: `seq` and floors.
 */
export function verifyHead(signed: SignedHead, roster: Roster): VerifiedHead {
  const head = readSignedHead(signed.head, roster)
  const next = readNext(head, signed.next ?? null, roster)
  if (head.current === null) return { head, envelope: signed.head, release: null, next }
  if (signed.release === null) throw missing(head)
  const named = readNamed(head, head.current, signed.release)
  const proof = signed.proof ?? null
  // A head whose `current` equals its `base` ends a canary: the stable release is in force.
  const isEnded = head.scope !== STABLE_SCOPE && head.current === (head.base ?? null) && head.next === undefined
  if (isEnded) return { head, envelope: signed.head, next, ...readEnded(named, proof, roster) }
  return { head, envelope: signed.head, release: approvedRelease(named, proof, roster), next }
}

type Ended = Pick<VerifiedHead, 'release' | 'isLapsed'>

/** Verifies the release of a head that ends a canary. Accepts a missing approval, because a key may be revoked while the canary runs. */
function readEnded(named: OpenedRelease, proof: LogProof | null, roster: Roster): Ended {
  const unapproved = { ...named, proof, witnessedAt: undefined, approvedBy: [], soleOfficial: false }
  return unlessRefused<Ended, Ended>(() => ({ release: approvedRelease(named, proof, roster) }), { release: unapproved, isLapsed: true })
}

/** Verifies the next release. Its time in the head must equal the release's effective time, so that a head cannot change that time. */
function readNext(head: HeadPredicate, held: HeldRelease | null, roster: Roster): VerifiedNext | null {
  if (head.next === undefined) return null
  if (held === null) throw missing(head)
  const release = approvedRelease(readNamed(head, head.next.release, held.release), held.proof ?? null, roster)
  const [atMs, { policy }] = [Date.parse(head.next.at), release.predicate]
  if (atMs !== effectiveMs(policy)) {
    throw refusal(
      'HMS_HEAD_NEXT_TIME',
      `the head names ${head.next.at} for ${policy.id}@${policy.version}, which is in force from ${String(policy['effective'])}`,
    )
  }
  return { atMs, release }
}

function readSignedHead(envelope: Envelope, roster: Roster): HeadPredicate {
  // The scope is not verified yet. It only selects the keys with which the same bytes are verified.
  const scope = peekScope(envelope)
  const signingService = signerFor(scope)
  const read = orRefusal(() => readHead(envelope, roster.serviceKeys(signingService)))
  if (!(read instanceof SignatureError)) return read.predicate
  if (read.code === 'HMS_SIGNATURE_UNKNOWN_KEY')
    throw refusal('HMS_HEAD_SIGNER', `only ${signingService} may sign heads of scope ${scope}: ${read.detail}`)
  throw refusal('HMS_HEAD_SIGNATURE', `the head does not verify: ${read.detail}`)
}

/** Reads the release of a head. `named`: digest by which the head names it. */
function readNamed(head: HeadPredicate, named: string, envelope: Envelope): OpenedRelease {
  const release = openRelease(envelope)
  const { predicate, digest } = release
  if (digest !== named || predicate.policy.id !== head.policy)
    throw refusal('HMS_HEAD_RELEASE_OTHER', `the release in the document is not the release that the head of ${head.policy} names`)
  requireApprovedScope(head, named, release)
  return release
}

/** Requires that the release was approved for the scope of the head. The base of a canary was approved for all readers. */
function requireApprovedScope(head: HeadPredicate, named: string, { predicate }: OpenedRelease): void {
  if (!predicate.scopes.includes(STABLE_SCOPE) && !predicate.scopes.includes(head.scope))
    throw refusal('HMS_HEAD_SCOPE', `${head.policy}@${predicate.policy.version} was not approved for scope ${head.scope}`)
  if (predicate.plan.ramp?.some(({ scope }) => scope === head.scope) === true) return
  if (head.scope === STABLE_SCOPE || named === (head.base ?? null) || head.scope === predicate.plan.scope) return
  throw refusal(
    'HMS_HEAD_SCOPE',
    `the canary of ${head.policy}@${predicate.policy.version} was approved for ${predicate.plan.scope}, not for ${head.scope}`,
  )
}

function peekScope(envelope: Envelope): string {
  try {
    const { scope } = peekPredicate<{ scope?: unknown }>(envelope)
    if (typeof scope === 'string') return scope
  } catch {
    // Not JSON or not a statement: reported below.
  }
  throw refusal('HMS_HEAD_MALFORMED', 'the envelope contains no head')
}

function missing(head: HeadPredicate): SignatureError {
  return refusal('HMS_HEAD_RELEASE_MISSING', `the head of ${head.policy} names a release, but the document does not contain it`)
}

function refusal(code: SignatureErrorCode, detail: string): SignatureError {
  return new SignatureError(code, detail)
}
