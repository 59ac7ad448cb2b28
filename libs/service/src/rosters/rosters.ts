import type { Transaction } from '#libs/persistence'
import { nextRoster, type Roster } from '#libs/signing'
import { ROSTERS_AT_ONCE, rostersAfter } from './roster.table.js'

/**
 * Newest roster verified by a service, step by step from the pinned one. Read it at every use, because it changes while the service runs.
 */
export class Rosters {
  private current: Roster
  private readonly listeners: (() => void)[] = []

  constructor(readonly pinned: Roster) {
    this.current = pinned
  }

  get newest(): Roster {
    return this.current
  }

  /** Verifies a successor of the newest roster; throws as `nextRoster` does. Nothing changes before `advance`. */
  verify(envelope: unknown): Roster {
    return nextRoster(this.current, envelope)
  }

  advance(verified: Roster): void {
    if (verified.version <= this.current.version) return
    this.current = verified
    for (const listener of this.listeners) listener()
  }

  /** Registers a listener, for users that keep something named by the roster open; all others read `newest` at every use. */
  onAdvance(listener: () => void): void {
    this.listeners.push(listener)
  }

  /** Applies the steps stored by this or another instance. Returns whether there were any; throws at one that does not verify. */
  async catchUp(tx: Transaction): Promise<boolean> {
    const before = this.current.version
    for (;;) {
      const steps = await rostersAfter(tx, this.current.version)
      for (const { version, envelope } of steps) if (version > this.current.version) this.advance(this.verify(envelope))
      if (steps.length < ROSTERS_AT_ONCE) return this.current.version > before
    }
  }
}
