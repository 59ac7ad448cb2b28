import type { ConfigDocument } from '#libs/contracts'
import {
  effectiveMs,
  Floors,
  freshnessAhead,
  readFreshness,
  SignatureError,
  verifyHead,
  type Roster,
  type VerifiedHead,
} from '#libs/signing'
import type { Admission } from './admission.js'
import { holdDocument, type HeldDocument, type PolicyValue } from '#libs/evaluation'
import type { SavedFloors } from './floors-file.js'
import { CheckedOnce } from './checked-once.js'
import { FreshnessWatch, type Doubt, type IsHeld } from './freshness-watch.js'
import type { ReaderTime } from './reader-time.js'

/** What all connections of this process share. Order, floors and time are each reader's own. */
const checkedDocuments = new CheckedOnce(checkDocument)
const checkedStatements = new CheckedOnce(readFreshness)

/** What a reader believes, and why: signatures, the log, order, floors and time. One per connection. */
export class DocumentTrust implements Admission {
  private floors = new Floors()
  private readonly freshness = new FreshnessWatch()

  constructor(
    private readonly roster: () => Roster,
    private readonly time: ReaderTime,
  ) {}

  /** What an earlier process remembered; before any document is admitted. */
  restore({ floors, signedMs }: SavedFloors): void {
    this.floors = new Floors(floors)
    this.time.restore(signedMs)
  }

  remembered(): SavedFloors {
    return { floors: this.floors.memory(), signedMs: this.time.remembered() }
  }

  admit(document: ConfigDocument): HeldDocument {
    const roster = this.roster()
    const { verified, held } = checkedDocuments.of(document, roster)
    const { release } = verified
    const policy = release?.predicate.policy as PolicyValue | undefined
    const now = this.time.now()
    if (policy !== undefined && !(effectiveMs(policy) <= now)) {
      throw new SignatureError('HMS_RELEASE_NOT_EFFECTIVE', `${policy.id}@${policy.version} is in force from ${policy.effective}`)
    }
    this.floors.admit(verified, roster, now)
    return leasedFrom(now, held)
  }

  /**
   * Rollout's freshness statement on all stable heads; returns the version of the roster it goes by. Throws `HMS_FRESHNESS_INVALID` or
   * `HMS_FRESHNESS_AHEAD`.
   */
  hear(envelope: unknown): number {
    const word = checkedStatements.of(envelope, this.roster())
    const issuedMs = Date.parse(word.issuedAt)
    const now = this.time.timeFor(issuedMs)
    const verdict = this.freshness.hear(word, now)
    if (verdict === 'ahead') throw freshnessAhead(word, now)
    if (verdict === 'newer') this.time.witness(issuedMs)
    return word.roster
  }

  /** Why what is held may not be all that is signed. `held`: digest over all stable heads, or how a reader of a few compares them. */
  doubt(held: string | IsHeld): Doubt | undefined {
    const now = this.time.now()
    const isHeld: IsHeld = typeof held === 'string' ? ({ stable }) => stable === held : held
    return now < Date.parse(this.roster().expires) ? this.freshness.doubt(isHeld, now) : 'HMS_ROSTER_EXPIRED'
  }
}

/** A lease lasts from now for as long as its head says: a clock that is behind must not make it longer. */
function leasedFrom(now: number, held: HeldDocument): HeldDocument {
  const { expires, issuedAt } = held.head
  if (expires === undefined) return held
  const endMs = now + (Date.parse(expires) - Date.parse(issuedAt))
  if (!(endMs < Date.parse(expires))) return held
  const end = new Date(endMs).toISOString()
  return {
    ...held,
    head: { ...held.head, expires: end },
    next: held.next && { ...held.next, held: { ...held.next.held, head: { ...held.next.held.head, expires: end } } },
  }
}

function checkDocument(document: ConfigDocument, roster: Roster): { verified: VerifiedHead; held: HeldDocument } {
  const verified = verifyDocument(document, roster)
  const { head } = verified
  if (head.policy !== document.id || head.scope !== document.scope || head.seq !== document.seq || head.current !== document.digest) {
    throw new SignatureError('HMS_HEAD_MALFORMED', 'the document says of its head what the head does not say')
  }
  return { verified, held: holdDocument(document) }
}

/** A document is what somebody sent: anything but a refusal means that it is none. */
function verifyDocument(document: ConfigDocument, roster: Roster): VerifiedHead {
  try {
    return verifyHead(document, roster)
  } catch (error) {
    if (error instanceof SignatureError) throw error
    throw new SignatureError('HMS_HEAD_MALFORMED', 'the document is none')
  }
}
