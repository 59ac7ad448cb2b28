import type { Database } from '#libs/persistence'
import { describeError, Repeat, type Clock, type Logger } from '#libs/platform'
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
  private readonly batches: Repeat
  /** Something waits for an entry that came since the last batch began. */
  private awaited = false
  /** No batch before this, ms since the epoch, but one that is awaited. */
  private notBefore = 0

  constructor(private readonly deps: IntakeDependencies) {
    this.batches = new Repeat(deps.clock, {
      everyMs: POLL_MS,
      run: () => this.place(),
      failed: (error) => deps.log.debug({ error: describeError(error) }, 'what was taken in waits for its place'),
    })
  }

  /** What another life left behind is there too. */
  start(): void {
    this.batches.start()
    this.wake()
  }

  /** Nobody waits for a batch that is under way. */
  stop(): void {
    void this.batches.stop()
  }

  /** Something was taken in. `isAwaited`: a run waits for its proof (195 of the 370 ms from approval to all before). */
  wake(isAwaited = false): void {
    this.awaited ||= isAwaited
    this.batches.wake(isAwaited ? 0 : this.paceMs)
  }

  private get paceMs(): number {
    return this.batches.idle ? Math.max(0, this.notBefore - this.deps.clock.now().getTime()) : PACE_MS
  }

  private async place(): Promise<void> {
    const { database, entries, clock, halted, placed } = this.deps
    if (halted() !== undefined) return
    const isAwaited = this.awaited
    this.awaited = false
    try {
      const added = await database.locked([LOG_LOCK], async (tx) => {
        return entries.place(tx, BATCH)
      })
      // Another instance may have placed what is awaited.
      if (added > 0 || isAwaited) placed(isAwaited)
      if (added === BATCH) this.batches.wake()
    } catch (error) {
      this.awaited ||= isAwaited
      throw error
    } finally {
      this.notBefore = clock.now().getTime() + PACE_MS
    }
  }
}

/** Under which the module provides it. */
export const INTAKE = Symbol('Intake')
