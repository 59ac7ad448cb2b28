import { liveCanaries, nextTurn, standing, type HeldDocument } from '#libs/evaluation'
import { STABLE_SCOPE } from '#libs/signing'
import type { Clock, Timer } from '../clock.js'
import type { HeldDocumentSource } from '../connection/hms-connection.js'

interface Seen {
  /** Fingerprint of everything that determines any reader's value of the policy. */
  mark: string
  keys: string[]
}

/** The reader's time may be set forward, so effective times are checked every minute. */
const LONGEST_WAIT_MS = 60_000

/**
 * Calls `changed` with the flags that changed for any reader: by documents, an expired lease or the effective time of a held rule. These
 * are all keys of a policy, sorted, including added and removed ones, because its metadata are part of each flag. A renewed lease changes
 * nothing.
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

  /** Compares after the copy applied documents. */
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

  /** Values for contexts other than the connection's own change without an event of the connection. */
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
