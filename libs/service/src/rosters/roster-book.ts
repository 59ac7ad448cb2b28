import type { Transaction } from '#libs/persistence'
import { nextRoster, type Roster } from '#libs/signing'
import { ROSTERS_AT_ONCE, rostersAfter } from './roster.table.js'

/**
 * The newest roster that a service verified, step by step from the one it is pinned to. Asked at every use; it changes while the service
 * runs.
 */
export class RosterBook {
  private current: Roster
  private readonly listeners: (() => void)[] = []

  constructor(readonly pinned: Roster) {
    this.current = pinned
  }

  get newest(): Roster {
    return this.current
  }

  /** What follows the newest one; throws as `nextRoster` does. Nothing changes before `advance`. */
  verify(envelope: unknown): Roster {
    return nextRoster(this.current, envelope)
  }

  advance(verified: Roster): void {
    if (verified.version <= this.current.version) return
    this.current = verified
    for (const listener of this.listeners) listener()
  }

  /** For anyone who keeps something open that the roster names; everybody else asks for `newest` at every use. */
  onAdvance(listener: () => void): void {
    this.listeners.push(listener)
  }

  /** Goes through the steps that this or another instance stored. Answers whether there were any; throws at one that does not verify. */
  async catchUp(tx: Transaction): Promise<boolean> {
    const before = this.current.version
    for (;;) {
      const steps = await rostersAfter(tx, this.current.version)
      for (const { version, envelope } of steps) if (version > this.current.version) this.advance(this.verify(envelope))
      if (steps.length < ROSTERS_AT_ONCE) return this.current.version > before
    }
  }
}
