import { liveCanaries, nextTurn, standing, type HeldDocument } from '#libs/evaluation'
import type { Clock } from '#libs/platform'
import { STABLE_SCOPE } from '#libs/signing'
import type { HeldPolicies } from './flag-book.js'

/**
 * Delay in ms after an effective time that all instances share, because their clocks differ slightly: a notified reader may query another
 * instance.
 */
const GRACE_MS = 250
/** Maximum timer delay: timers cannot be set for years. */
const LONGEST_MS = 24 * 60 * 60 * 1_000

/**
 * Calls `changed` when values may have changed for some reader: by documents, because a lease expired, or because a later rule came into
 * force. The renewal of a lease changes nothing.
 */
export class ChangeWatch {
  private readonly marks = new Map<string, string>()
  private readonly turns = new Map<string, number>()
  private cancel = (): void => {}

  constructor(
    private readonly held: HeldPolicies,
    private readonly clock: Clock,
    private readonly changed: () => void,
  ) {
    this.compare(held.policies())
    this.await()
  }

  /** Called after the copy received documents of these policies; of any without a list. */
  look(policies: Iterable<string> = this.held.policies()): void {
    // A canary may end by a change of another member of its bundle.
    const isNews = this.compare(new Set([...policies, ...this.turns.keys()]))
    this.await()
    if (isNews) this.changed()
  }

  stop(): void {
    this.cancel()
  }

  private compare(policies: Iterable<string>): boolean {
    const now = this.held.nowMs()
    let isNews = false
    for (const id of policies) {
      const documents = this.held.documentsOf(id)
      const mark = markOf(documents, now)
      if (mark !== (this.marks.get(id) ?? NOTHING)) isNews = true
      this.marks.set(id, mark)
      const turn = nextTurn(documents, now)
      if (turn === null) this.turns.delete(id)
      else this.turns.set(id, turn)
    }
    return isNews
  }

  private await(): void {
    this.cancel()
    if (this.turns.size === 0) return
    const dueMs = Math.min(...this.turns.values()) + GRACE_MS
    const delayMs = Math.min(Math.max(dueMs - this.held.nowMs(), 0), LONGEST_MS)
    this.cancel = this.clock.after(delayMs, () => (this.held.nowMs() < dueMs ? this.await() : this.look([...this.turns.keys()])))
  }
}

const NOTHING = '[]'

/** Returns everything that determines the values readers get of one policy. */
function markOf(documents: readonly HeldDocument[], now: number): string {
  const stable = documents.filter(({ head }) => head.scope === STABLE_SCOPE).map((held) => standing(held, now))
  const seen = [...stable.filter(({ value }) => value !== null), ...liveCanaries(documents, now)]
  return JSON.stringify(
    seen
      .map(({ head: { scope, current, share, cohortKey, salt }, firstRevision }) => [scope, current, firstRevision, share, cohortKey, salt])
      .sort(),
  )
}
