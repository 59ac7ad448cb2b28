import { HmsError, peekPredicate, type Envelope, type ServiceName, type SignedHead } from '#libs/contracts'
import { STABLE_SCOPE } from '#libs/client'
import { approvalState, readHead, readRelease, SignatureError, type HeadPredicate, type Roster } from '#libs/signing'

/** A head that may be stored: signed by the service that speaks for its scope, naming a release that its approvers signed. */
export interface VerifiedHead {
  head: HeadPredicate
  envelope: Envelope
  release: Envelope | null
  version: string | null
  approvedBy: string[]
  author: string | null
}

/** Only rollout says what is live for all, only canary-controller what is live for a part. */
export function speakerFor(scope: string): ServiceName {
  return scope === STABLE_SCOPE ? 'rollout' : 'canary-controller'
}

/** Refuses with a code that says which rule was broken (422); nothing is stored of a head that does not verify. */
export function verifyHead(signed: SignedHead, roster: Roster): VerifiedHead {
  const head = readByItsSpeaker(signed.head, roster)
  if (head.current === null) return { head, envelope: signed.head, release: null, version: null, approvedBy: [], author: null }
  return { head, envelope: signed.head, ...readApproved(head, signed.release, roster) }
}

function readByItsSpeaker(envelope: Envelope, roster: Roster): HeadPredicate {
  // Not verified yet: the scope only chooses whose keys count, and the same bytes are verified with these.
  const scope = peekScope(envelope)
  const speaker = speakerFor(scope)
  try {
    return readHead(envelope, roster.serviceKeys(speaker)).predicate
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error
    if (error.code === 'HMS_SIGNATURE_UNKNOWN_KEY') {
      throw refused('HMS_HEAD_SIGNER', `Only ${speaker} speaks for scope ${scope}: ${error.detail}.`, error)
    }
    throw refused('HMS_HEAD_SIGNATURE', `The head does not verify: ${error.detail}.`, error)
  }
}

function readApproved(head: HeadPredicate, release: Envelope | null, roster: Roster): Omit<VerifiedHead, 'head' | 'envelope'> {
  if (release === null) throw refused('HMS_HEAD_RELEASE_MISSING', `The head of ${head.policy} names a release but does not bring it.`)
  try {
    const { predicate, digest } = readRelease(release)
    if (digest !== head.current || predicate.policy.id !== head.policy) {
      throw refused('HMS_HEAD_RELEASE_OTHER', `The release brought is not the one that the head of ${head.policy} names.`)
    }
    const { complete, missing, approvedBy } = approvalState(roster, predicate.policy, release)
    const { version } = predicate.policy
    if (!complete) throw refused('HMS_HEAD_NOT_APPROVED', `${head.policy}@${version} lacks approval by ${missing.join(', ')}.`)
    return { release, version, approvedBy: approvedBy.map((person) => person.name), author: predicate.author }
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error
    throw refused('HMS_HEAD_RELEASE_INVALID', `The release of ${head.policy} does not verify: ${error.detail}.`, error)
  }
}

function peekScope(envelope: Envelope): string {
  try {
    const { scope } = peekPredicate<{ scope?: unknown }>(envelope)
    if (typeof scope === 'string') return scope
  } catch {
    // Not JSON, or no statement: malformed like any other.
  }
  throw refused('HMS_HEAD_MALFORMED', 'The envelope holds no head.')
}

function refused(code: string, detail: string, cause?: Error): HmsError {
  return new HmsError(code, detail, { status: 422, cause })
}
