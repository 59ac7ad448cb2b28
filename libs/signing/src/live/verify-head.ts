import { peekPredicate, type Envelope, type HeldRelease, type LogProof, type ServiceName, type SignedHead } from '#libs/contracts'
import { STABLE_SCOPE, readHead, type HeadPredicate } from '../head.js'
import { effectiveMs, type OpenedRelease } from '../release.js'
import type { Roster } from '../roster/roster.js'
import { SignatureError, type SignatureErrorCode } from '../signature-error.js'
import { approvedRelease, openRelease, type VerifiedRelease } from './verify-release.js'

/** A head that may be believed, with the release that it makes current. */
export interface VerifiedHead {
  head: HeadPredicate
  envelope: Envelope
  /** `null` when the head names none: withdrawn, or the end of a first version's canary. */
  release: VerifiedRelease | null
  /** In force from `atMs` (since 1970) on, in place of `release`; `null` when the head names none. */
  next: VerifiedNext | null
  /** The head ends a canary, and the roster no longer counts the approval of `release`: no reader uses it, and it binds no floor. */
  isLapsed?: true
}

export interface VerifiedNext {
  atMs: number
  release: VerifiedRelease
}

/** Only rollout says what is live for all, only canary-controller what is live for a part. */
export function speakerFor(scope: string): ServiceName {
  return scope === STABLE_SCOPE ? 'rollout' : 'canary-controller'
}

/**
 * What every reader checks before it believes a head, in this order: who signs it, that its release is in the witnessed log, that enough
 * people approved exactly that release, and that it is the one the head names, where the head shows it. A release that is held for later is
 * checked alike. Throws `SignatureError` with a `HMS_HEAD_…` code. Order and floors are the reader's own memory: see `Floors`.
 */
export function verifyHead(signed: SignedHead, roster: Roster): VerifiedHead {
  const head = readByItsSpeaker(signed.head, roster)
  const next = readNext(head, signed.next ?? null, roster)
  if (head.current === null) return { head, envelope: signed.head, release: null, next }
  if (signed.release === null) throw missing(head)
  const named = readNamed(head, head.current, signed.release)
  const proof = signed.proof ?? null
  if (isEnded(head)) return { head, envelope: signed.head, next, ...readEnded(named, proof, roster) }
  return { head, envelope: signed.head, release: approvedRelease(named, proof, roster), next }
}

/** `current` = `base` is how a canary ends: whatever is stable is in force in its place. */
function isEnded({ scope, current, base = null, next }: HeadPredicate): boolean {
  return scope !== STABLE_SCOPE && current === base && next === undefined
}

/** A key that is revoked later must not leave readers in doubt by the end of a canary that stood on its release. */
function readEnded(named: OpenedRelease, proof: LogProof | null, roster: Roster): Pick<VerifiedHead, 'release' | 'isLapsed'> {
  try {
    return { release: approvedRelease(named, proof, roster) }
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error
    return { release: { ...named, proof, witnessedAt: undefined, approvedBy: [], soleOfficial: false }, isLapsed: true }
  }
}

/** The time is the release's own: a head that named another would put a rule in force before it, or keep it back. */
function readNext(head: HeadPredicate, brought: HeldRelease | null, roster: Roster): VerifiedNext | null {
  if (head.next === undefined) return null
  if (brought === null) throw missing(head)
  const release = approvedRelease(readNamed(head, head.next.release, brought.release), brought.proof ?? null, roster)
  const [atMs, { policy }] = [Date.parse(head.next.at), release.predicate]
  if (atMs !== effectiveMs(policy)) {
    throw refusal(
      'HMS_HEAD_NEXT_TIME',
      `the head names ${head.next.at} for ${policy.id}@${policy.version}, which is in force from ${String(policy['effective'])}`,
    )
  }
  return { atMs, release }
}

function readByItsSpeaker(envelope: Envelope, roster: Roster): HeadPredicate {
  // Not verified yet: the scope only chooses whose keys count, and the same bytes are verified with these.
  const scope = peekScope(envelope)
  const speaker = speakerFor(scope)
  try {
    return readHead(envelope, roster.serviceKeys(speaker)).predicate
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error
    if (error.code === 'HMS_SIGNATURE_UNKNOWN_KEY')
      throw refusal('HMS_HEAD_SIGNER', `only ${speaker} speaks for scope ${scope}: ${error.detail}`)
    throw refusal('HMS_HEAD_SIGNATURE', `the head does not verify: ${error.detail}`)
  }
}

/** `named`: the digest by which the head names it. */
function readNamed(head: HeadPredicate, named: string, envelope: Envelope): OpenedRelease {
  const release = openRelease(envelope)
  const { predicate, digest } = release
  if (digest !== named || predicate.policy.id !== head.policy) {
    throw refusal('HMS_HEAD_RELEASE_OTHER', `the release brought is not the one that the head of ${head.policy} names`)
  }
  requireItsScope(head, named, release)
  return release
}

/** What was approved for a canary in one region is shown in no other; what a canary stands on was approved for all. */
function requireItsScope(head: HeadPredicate, named: string, { predicate }: OpenedRelease): void {
  if (!predicate.scopes.includes(STABLE_SCOPE) && !predicate.scopes.includes(head.scope)) {
    throw refusal('HMS_HEAD_SCOPE', `${head.policy}@${predicate.policy.version} was not approved for scope ${head.scope}`)
  }
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
    // Not JSON, or no statement: malformed like any other.
  }
  throw refusal('HMS_HEAD_MALFORMED', 'the envelope holds no head')
}

function missing(head: HeadPredicate): SignatureError {
  return refusal('HMS_HEAD_RELEASE_MISSING', `the head of ${head.policy} names a release but does not bring it`)
}

function refusal(code: SignatureErrorCode, detail: string): SignatureError {
  return new SignatureError(code, detail)
}
