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
import { decodeDocument, type HeldDocument, type PolicyValue } from '#libs/evaluation'
import type { SavedFloors } from './floors-file.js'
import { CheckedOnce } from './checked-once.js'
import { FreshnessWatch, type Doubt, type IsHeld } from './freshness-watch.js'
import type { ReaderTime } from './reader-time.js'

/** Caches of checks that depend only on bytes and roster, for all connections of this process. Each reader checks order, floors, time. */
export const checkedDocuments = new CheckedOnce(checkDocument)
const checkedStatements = new CheckedOnce(readFreshness)

/** Decides for one connection which documents and statements to trust, by signatures, the log, order, floors and time. */
export class DocumentTrust {
  private floors = new Floors()
  private readonly freshness = new FreshnessWatch()

  constructor(
    private readonly roster: () => Roster,
    private readonly time: ReaderTime,
  ) {}

  /** Restores the floors and time of an earlier process. Called before any document is admitted. */
  restore({ floors, signedMs }: SavedFloors): void {
    this.floors = new Floors(floors)
    this.time.restore(signedMs)
  }

  remembered(): SavedFloors {
    return { floors: this.floors.memory(), signedMs: this.time.remembered() }
  }

  /** Verifies and decodes a document. Throws `SignatureError` for one that must not be applied; the previous one stays in force. */
  admit(document: ConfigDocument): HeldDocument {
    const roster = this.roster()
    const { verified, held } = checkedDocuments.of(document, roster)
    const { release } = verified
    const policy = release?.predicate.policy as PolicyValue | undefined
    const now = this.time.now()
    // guard: reader-effective
    if (policy !== undefined && !(effectiveMs(policy) <= now))
      throw new SignatureError('HMS_RELEASE_NOT_EFFECTIVE', `${policy.id}@${policy.version} is in force from ${policy.effective}`)
    this.floors.admit(verified, roster, now)
    return leasedFrom(now, held)
  }

  /** Applies a freshness statement; returns its roster's version. Throws `HMS_FRESHNESS_INVALID` or `HMS_FRESHNESS_AHEAD`. */
  acceptFreshness(envelope: unknown): number {
    const statement = checkedStatements.of(envelope, this.roster())
    const issuedMs = Date.parse(statement.issuedAt)
    const now = this.time.timeFor(issuedMs)
    const verdict = this.freshness.accept(statement, now)
    if (verdict === 'ahead') throw freshnessAhead(statement, now)
    if (verdict === 'newer') this.time.recordSigned(issuedMs)
    return statement.roster
  }

  /** Returns why the copy may be incomplete. `held`: digest over all stable heads, or the function that compares named policies. */
  doubt(held: string | IsHeld): Doubt | undefined {
    const now = this.time.now()
    const isHeld: IsHeld = typeof held === 'string' ? ({ stable }) => stable === held : held
    return now < Date.parse(this.roster().expires) ? this.freshness.doubt(isHeld, now) : 'HMS_ROSTER_EXPIRED' // guard: roster-expired
  }
}

/** Returns the document with its lease counted from `now` if the lease then ends earlier: a slow clock must not extend the lease. */
function leasedFrom(now: number, held: HeldDocument): HeldDocument {
  const { expires, issuedAt } = held.head
  if (expires === undefined) return held
  const endMs = now + (Date.parse(expires) - Date.parse(issuedAt))
  if (!(endMs < Date.parse(expires))) return held // guard: lease-by-monotonic-clock
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
  // guard: reader-document
  if (head.policy !== document.id || head.scope !== document.scope || head.seq !== document.seq || head.current !== document.digest)
    throw new SignatureError('HMS_HEAD_MALFORMED', 'the members of the document differ from its head')
  return { verified, held: decodeDocument(document) }
}

/** Verifies a document from an untrusted sender. Any error other than a `SignatureError` means that the document is malformed. */
function verifyDocument(document: ConfigDocument, roster: Roster): VerifiedHead {
  try {
    return verifyHead(document, roster)
  } catch (error) {
    if (error instanceof SignatureError) throw error
    throw new SignatureError('HMS_HEAD_MALFORMED', 'the document is malformed')
  }
}
