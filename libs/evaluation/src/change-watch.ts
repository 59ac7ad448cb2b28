import { STABLE_SCOPE } from '#libs/signing'
import { liveCanaries, nextChangeAt, documentAsOf, type HeldDocument } from './evaluate.js'

/** Copy of policies whose changes are watched. */
export interface WatchedCopy {
  policies(): readonly string[]
  documentsOf(id: string): readonly HeldDocument[]
  /** Current time in ms since 1970, for leases and effective times. */
  nowMs(): number
}

export interface WatchClock {
  /** Calls `action` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, action: () => void): () => void
}

/** Delay in ms after an effective time. The clocks of instances differ slightly, and a notified reader may query another instance. */
const GRACE_MS = 250
/** Maximum wait in ms: the reader's clock may be set forward, so effective times are checked every minute. */
const LONGEST_WAIT_MS = 60_000

/**
 * Calls `changed` with the policies whose values may have changed for some reader: because documents changed, a lease expired, or a release
 * reached its effective time. A renewed lease changes nothing.
 */
export class ChangeWatch {
  private readonly fingerprints = new Map<string, string>()
  private readonly nextChanges = new Map<string, number>()
  private cancel = (): void => {}

  constructor(
    private readonly copy: WatchedCopy,
    private readonly clock: WatchClock,
    private readonly changed: (policies: string[]) => void,
    private readonly graceMs = GRACE_MS,
  ) {
    this.compare(copy.policies())
    this.scheduleCheck()
  }

  /** Checks these policies, or all policies if none are given. Called after the copy received documents of these policies. */
  check(policies: Iterable<string> = [...this.copy.policies(), ...this.fingerprints.keys()]): void {
    // A canary may end because another member of its bundle changed.
    const changed = this.compare([...policies, ...this.nextChanges.keys()])
    this.scheduleCheck()
    if (changed.length > 0) this.changed(changed)
  }

  stop(): void {
    this.cancel()
  }

  private compare(policies: Iterable<string>): string[] {
    const now = this.copy.nowMs()
    return [...new Set(policies)].filter((id) => {
      const documents = this.copy.documentsOf(id)
      const before = this.fingerprints.get(id) ?? NOTHING
      const fingerprint = fingerprintOf(documents, now)
      this.fingerprints.set(id, fingerprint)
      const nextChange = nextChangeAt(documents, now)
      if (nextChange === null) this.nextChanges.delete(id)
      else this.nextChanges.set(id, nextChange)
      return fingerprint !== before
    })
  }

  private scheduleCheck(): void {
    this.cancel()
    if (this.nextChanges.size === 0) return
    const dueMs = Math.min(...this.nextChanges.values()) + this.graceMs
    const delayMs = Math.min(Math.max(dueMs - this.copy.nowMs(), 1), LONGEST_WAIT_MS)
    this.cancel = this.clock.after(delayMs, () => (this.copy.nowMs() < dueMs ? this.scheduleCheck() : this.check(this.nextChanges.keys())))
  }
}

/** Returns the documents of one policy that some reader gets: the stable one, and live canaries. */
export function documentsInForce(documents: readonly HeldDocument[], now: number): HeldDocument[] {
  const stable = documents.filter(({ head }) => head.scope === STABLE_SCOPE).map((held) => documentAsOf(held, now))
  return [...stable.filter(({ value }) => value !== null), ...liveCanaries(documents, now)]
}

const NOTHING = '[]'

/** Returns a text that changes whenever a reader's response may change. Includes `firstRevision`, because responses contain it. */
function fingerprintOf(documents: readonly HeldDocument[], now: number): string {
  const inForce = documentsInForce(documents, now)
  return JSON.stringify(
    inForce
      .map(({ head: { scope, current, share, cohortKey, salt }, firstRevision }) => [scope, current, firstRevision, share, cohortKey, salt])
      .sort(),
  )
}
