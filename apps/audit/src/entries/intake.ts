import type { Database } from '#libs/persistence'
import { describeError, type Clock, type Logger } from '#libs/platform'
import { LOG_LOCK, type EntryStore } from './entry.store.js'

/** So many get their places in one transaction. */
const BATCH = 1_000
/** A commit that nobody heard of, or whose process died after it, wakes nobody. */
const POLL_MS = 1_000
/** The first of a quiet log is placed at once, and what something waits for; the rest follows in batches, for each costs a commit. */
const PACE_MS = 50

interface IntakeDependencies {
  database: Database
  entries: EntryStore
  clock: Clock
  log: Logger
  /** Why nothing may be added; `undefined` when it may. */
  halted(): string | undefined
  /** There are new entries. `isAwaited`: something waits for their checkpoint. */
  placed(isAwaited: boolean): void
}

/**
 * Gives what was taken in its place in the log. Indexes have no gaps, so only one transaction of all instances can give them out, and
 * holds the lock until its commit is on disk. Here that is one for all that came meanwhile, and not one for each event: the events of a
 * second writer do not wait for the first one's disk (8 writers: 0.08 of bare inserts before, see `npm run bench -- trust`).
 */
export class Intake {
  private running = false
  private again = false
  /** Something waits for an entry that came since the last batch began. */
  private awaited = false
  private stopped = true
  /** No batch before this, and the next look is due then; ms since the epoch. */
  private notBefore = 0
  private dueAt = Infinity
  private cancelNext: () => void = () => {}

  constructor(private readonly deps: IntakeDependencies) {}

  /** What another life left behind is there too. */
  start(): void {
    this.stopped = false
    this.wake()
  }

  stop(): void {
    this.stopped = true
    this.later(Infinity)
  }

  /** Something was taken in. `isAwaited`: a run waits for its proof (195 of the 370 ms from approval to all before). */
  wake(isAwaited = false): void {
    this.again = true
    this.awaited ||= isAwaited
    if (this.running || this.stopped) return
    const now = this.deps.clock.now().getTime()
    if (isAwaited || this.notBefore <= now) this.run()
    else if (this.notBefore < this.dueAt) this.later(this.notBefore - now)
  }

  private run(): void {
    this.later(Infinity)
    if (this.stopped || this.deps.halted() !== undefined) return
    this.running = true
    this.again = false
    const isAwaited = this.awaited
    this.awaited = false
    this.place(isAwaited)
      .catch((error: unknown) => {
        this.deps.log.debug({ error: describeError(error) }, 'what was taken in waits for its place')
        return 0
      })
      .then((added) => {
        this.running = false
        this.notBefore = this.deps.clock.now().getTime() + PACE_MS
        if (added === BATCH || this.awaited) this.run()
        else if (!this.stopped) this.later(this.again ? PACE_MS : POLL_MS)
      })
  }

  private later(waitMs: number): void {
    this.cancelNext()
    this.dueAt = this.deps.clock.now().getTime() + waitMs
    this.cancelNext = waitMs === Infinity ? () => {} : this.deps.clock.after(waitMs, () => this.run())
  }

  private async place(isAwaited: boolean): Promise<number> {
    const { database, entries, placed } = this.deps
    const added = await database.transaction(async (tx) => {
      await tx.lock([LOG_LOCK])
      return entries.place(tx, BATCH)
    })
    // Another instance may have placed what is awaited.
    if (added > 0 || isAwaited) placed(isAwaited)
    return added
  }
}

/** Under which the module provides it. */
export const INTAKE = Symbol('Intake')
