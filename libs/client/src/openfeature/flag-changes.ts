import { liveCanaries, nextTurn, standing, type HeldDocument } from '#libs/evaluation'
import { STABLE_SCOPE } from '#libs/signing'
import type { Clock, Timer } from '../clock.js'
import type { HeldDocumentSource } from '../connection/live-connection.js'

interface Seen {
  /** All that decides on what any reader sees of the policy. */
  mark: string
  keys: string[]
}

/** The reader's time may be set forward meanwhile: whether a time has come is asked each minute. */
const LONGEST_WAIT_MS = 60_000

/**
 * Calls `changed` with the flags that have changed for some reader: by documents, or because a lease ended or the time of a held rule came.
 * These are all keys of a policy, for its metadata are part of each; sorted, those that are new or gone too. A lease that is renewed
 * changes nothing.
 */
export class FlagChanges {
  private seen: Map<string, Seen>
  private turn: Timer | undefined

  constructor(
    private readonly documents: HeldDocumentSource,
    private readonly clock: Clock,
    private readonly changed: (flags: string[]) => void,
  ) {
    this.seen = this.read()
    this.awaitTurn()
  }

  /** After the copy took documents. */
  look(): void {
    const before = this.seen
    this.seen = this.read()
    this.awaitTurn()
    const ids = [...new Set([...before.keys(), ...this.seen.keys()])].filter((id) => before.get(id)?.mark !== this.seen.get(id)?.mark)
    const flags = new Set(ids.flatMap((id) => [...(before.get(id)?.keys ?? []), ...(this.seen.get(id)?.keys ?? [])]))
    if (flags.size > 0) this.changed([...flags].sort())
  }

  stop(): void {
    this.turn?.cancel()
  }

  private read(): Map<string, Seen> {
    const now = this.documents.nowMs()
    return new Map(this.documents.policies().map((id) => [id, seenOf(id, this.documents.of(id), now)]))
  }

  /** What is in force for other contexts than the connection's own turns without the connection telling it. */
  private awaitTurn(): void {
    this.turn?.cancel()
    const { documents, clock } = this
    const now = documents.nowMs()
    const turns = documents.policies().flatMap((id) => nextTurn(documents.of(id), now) ?? [])
    if (turns.length === 0) return
    const dueMs = Math.min(...turns)
    const waitMs = Math.min(Math.max(dueMs - now, 1), LONGEST_WAIT_MS)
    this.turn = clock.after(waitMs, () => (documents.nowMs() < dueMs ? this.awaitTurn() : this.look()))
  }
}

function seenOf(id: string, documents: readonly HeldDocument[], now: number): Seen {
  const stable = documents.filter(({ head }) => head.scope === STABLE_SCOPE).map((held) => standing(held, now))
  const present = [...stable.filter(({ value }) => value !== null), ...liveCanaries(documents, now)]
  const marks = present.map(({ head: { scope, current, share, cohortKey, salt } }) => [
    scope,
    current,
    share ?? null,
    cohortKey ?? null,
    salt ?? null,
  ])
  const fields = present.flatMap(({ value }) => Object.keys(value ?? {}))
  const keys = present.length === 0 ? [] : [id, ...fields.map((field) => `${id}.${field}`)]
  return { mark: JSON.stringify(marks.sort()), keys }
}
