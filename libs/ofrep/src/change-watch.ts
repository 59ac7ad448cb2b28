import { liveCanaries, nextTurn, standing, type HeldDocument } from '#libs/evaluation'
import type { Clock } from '#libs/platform'
import { STABLE_SCOPE } from '#libs/signing'
import type { HeldPolicies } from './flag-book.js'

/** Behind a time that comes for all instances at once, whose clocks differ a little: whoever is told may ask another one. */
const GRACE_MS = 250
/** Timers cannot be set for years. */
const LONGEST_MS = 24 * 60 * 60 * 1_000

/**
 * Calls `changed` when some reader may see something else: by documents, or because a lease ended or the time of a later rule came. A lease
 * that is renewed changes nothing.
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

  /** After the copy took documents of these policies, of any without a list. */
  look(policies: Iterable<string> = this.held.policies()): void {
    // A canary may end by what another member of its bundle became.
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

/** All that decides on what readers see of one policy. */
function markOf(documents: readonly HeldDocument[], now: number): string {
  const stable = documents.filter(({ head }) => head.scope === STABLE_SCOPE).map((held) => standing(held, now))
  const seen = [...stable.filter(({ value }) => value !== null), ...liveCanaries(documents, now)]
  return JSON.stringify(
    seen
      .map(({ head: { scope, current, share, cohortKey, salt }, firstRevision }) => [scope, current, firstRevision, share, cohortKey, salt])
      .sort(),
  )
}
