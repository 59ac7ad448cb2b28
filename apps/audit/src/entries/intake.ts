import type { Database } from '#libs/persistence'
import { describeError, type Clock, type Logger } from '#libs/platform'
import { LOG_LOCK, type EntryStore } from './entry.store.js'

/** So many get their places in one transaction. */
const BATCH = 1_000
const RETRY_MS = 1_000
/** The first of a quiet log is placed at once, what follows it in batches: each costs a commit. */
const PACE_MS = 50

interface IntakeDependencies {
  database: Database
  entries: EntryStore
  clock: Clock
  log: Logger
  /** Why nothing may be added; `undefined` when it may. */
  halted(): string | undefined
  /** There are new entries. */
  placed(): void
}

/**
 * Gives what was taken in its place in the log. Indexes have no gaps, so only one transaction of all instances can give them out, and
 * holds the lock until its commit is on disk. Here that is one for all that came meanwhile, and not one for each event: the events of a
 * second writer do not wait for the first one's disk (8 writers: 0.08 of bare inserts before, see `npm run bench -- trust`).
 */
export class Intake {
  private running = false
  private again = false
  private stopped = false
  /** No batch before this, ms since the epoch. */
  private notBefore = 0
  private cancelNext: (() => void) | undefined

  constructor(private readonly deps: IntakeDependencies) {}

  /** What another life left behind is there too. */
  start(): void {
    this.stopped = false
    this.wake()
  }

  stop(): void {
    this.stopped = true
    this.cancelNext?.()
    this.cancelNext = undefined
  }

  /** Something was taken in. */
  wake(): void {
    this.again = true
    if (this.running || this.stopped || this.cancelNext !== undefined) return
    const waitMs = this.notBefore - this.deps.clock.now().getTime()
    if (waitMs > 0) this.later(waitMs)
    else this.run()
  }

  private run(): void {
    this.cancelNext = undefined
    if (!this.again || this.stopped || this.deps.halted() !== undefined) return
    this.running = true
    this.again = false
    this.place().then(
      (added) => {
        this.running = false
        this.notBefore = this.deps.clock.now().getTime() + PACE_MS
        if (added === BATCH) {
          this.again = true
          this.run()
        } else if (this.again) this.wake()
      },
      (error: unknown) => {
        this.deps.log.debug({ error: describeError(error) }, 'what was taken in waits for its place')
        this.running = false
        this.again = true
        if (!this.stopped) this.later(RETRY_MS)
      },
    )
  }

  private later(waitMs: number): void {
    this.cancelNext = this.deps.clock.after(waitMs, () => this.run())
  }

  private async place(): Promise<number> {
    const { database, entries, placed } = this.deps
    const added = await database.transaction(async (tx) => {
      await tx.lock([LOG_LOCK])
      return entries.place(tx, BATCH)
    })
    if (added > 0) placed()
    return added
  }
}

/** Under which the module provides it. */
export const INTAKE = Symbol('Intake')
