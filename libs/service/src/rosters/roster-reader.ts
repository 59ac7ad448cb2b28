import type { Database } from '#libs/persistence'
import { describeError, PeriodicTask, type Clock, type Logger } from '#libs/platform'
import type { Rosters } from './rosters.js'
import { ROSTERS } from './roster.table.js'

/** Polling interval, for notifications lost with their session. */
const LOOK_AGAIN_MS = 30_000
const LOOK_SOON_MS = 1_000

/** Synchronises a roster book with its service's table: at the start, on notification, and every half minute. */
export class RosterReader {
  private isOpen = false
  private readonly looks: PeriodicTask

  constructor(
    private readonly book: Rosters,
    private readonly database: Database,
    clock: Clock,
    private readonly log: Logger,
  ) {
    this.looks = new PeriodicTask(clock, {
      everyMs: () => (this.isOpen ? LOOK_AGAIN_MS : LOOK_SOON_MS),
      run: () => this.look(),
      failed: (error) => this.failed(error),
    })
  }

  /**
   * Runs before the service reads or responds. Never throws: a database that is not migrated yet has no rosters, and without a database
   * nothing is decided either.
   */
  async open(): Promise<void> {
    await this.look()
  }

  start(): void {
    this.looks.start()
  }

  stop(): void {
    void this.looks.stop()
  }

  /** Polls the table; returns whether there was a newer roster. */
  async look(): Promise<boolean> {
    try {
      if (!this.isOpen) await this.keepPinned()
      return await this.database.autocommit((tx) => this.book.catchUp(tx))
    } catch (error) {
      this.failed(error)
      return false
    }
  }

  private failed(error: unknown): void {
    const { version } = this.book.newest
    this.log.error(
      { roster: version, error: describeError(error) },
      'rosters cannot be read, or one does not follow from the one before; the known one stays',
    )
  }

  /** Stores the pinned roster as the start of the chain, for readers pinned to it longer than this service. */
  private async keepPinned(): Promise<void> {
    const { version, envelope } = this.book.pinned
    await this.database.autocommit((tx) => tx.documents(ROSTERS).put({ version, envelope }))
    this.isOpen = true
  }
}
