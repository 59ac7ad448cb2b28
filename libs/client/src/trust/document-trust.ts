import type { ConfigDocument } from '#libs/contracts'
import { effectiveMs, Floors, readFreshness, SignatureError, verifyHead, type FloorMemory, type Roster } from '#libs/signing'
import type { Admission } from '../connection/admission.js'
import { holdDocument, type HeldDocument } from '../connection/evaluate.js'
import type { PolicyValue } from '../connection/hms-connection.js'
import { FreshnessWatch, type Doubt } from './freshness-watch.js'
import type { ReaderTime } from './reader-time.js'

/** What a reader believes, and why: signatures, the log, order, floors and time. One per connection. */
export class DocumentTrust implements Admission {
  private floors = new Floors()
  private readonly freshness = new FreshnessWatch()

  constructor(
    private readonly roster: () => Roster,
    private readonly time: ReaderTime,
  ) {}

  /** What an earlier process remembered; before any document is admitted. */
  restore(memory: FloorMemory): void {
    this.floors = new Floors(memory)
  }

  remembered(): FloorMemory {
    return this.floors.memory()
  }

  admit(document: ConfigDocument): HeldDocument {
    const roster = this.roster()
    const verified = verifyDocument(document, roster)
    const { head, release } = verified
    if (head.policy !== document.id || head.scope !== document.scope || head.seq !== document.seq || head.current !== document.digest) {
      throw new SignatureError('HMS_HEAD_MALFORMED', 'the document says of its head what the head does not say')
    }
    const policy = release?.predicate.policy as PolicyValue | undefined
    const now = this.time.now()
    if (policy !== undefined && !(effectiveMs(policy) <= now)) {
      throw new SignatureError('HMS_RELEASE_NOT_EFFECTIVE', `${policy.id}@${policy.version} is in force from ${policy.effective}`)
    }
    this.floors.admit(verified, roster, now)
    return holdDocument(document)
  }

  /** Rollout's word on all stable heads; returns the version of the roster it goes by. Throws `HMS_FRESHNESS_INVALID`. */
  hear(envelope: unknown): number {
    const word = readFreshness(envelope, this.roster())
    if (this.freshness.hear(word)) this.time.witness(Date.parse(word.issuedAt))
    return word.roster
  }

  doubt(stable: string): Doubt | undefined {
    return this.freshness.doubt(stable, this.time.now())
  }
}

/** A document is what somebody sent: anything but a refusal means that it is none. */
function verifyDocument(document: ConfigDocument, roster: Roster): ReturnType<typeof verifyHead> {
  try {
    return verifyHead(document, roster)
  } catch (error) {
    if (error instanceof SignatureError) throw error
    throw new SignatureError('HMS_HEAD_MALFORMED', 'the document is none')
  }
}
