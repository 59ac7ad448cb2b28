import type { Database } from '#libs/persistence'
import { describeError, Repeat, type Clock, type Logger } from '#libs/platform'
import type { RosterBook } from './roster-book.js'
import { ROSTERS } from './roster.table.js'

/** For a notification that was lost with its session. */
const LOOK_AGAIN_MS = 30_000
const LOOK_SOON_MS = 1_000

/** Keeps a book as its service's table is: at the start, at every signal, and every half minute. */
export class RosterReader {
  private isOpen = false
  private readonly looks: Repeat

  constructor(
    private readonly book: RosterBook,
    private readonly database: Database,
    clock: Clock,
    private readonly log: Logger,
  ) {
    this.looks = new Repeat(clock, {
      everyMs: () => (this.isOpen ? LOOK_AGAIN_MS : LOOK_SOON_MS),
      run: () => this.look(),
      failed: (error) => this.failed(error),
    })
  }

  /**
   * Before the service reads or answers anything. Never throws: a database that is not migrated yet holds no roster, and without a
   * database nothing is decided either.
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

  /** Answers whether there was a newer roster. */
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

  /** The chain begins with it, for those who are pinned to it longer than this service. */
  private async keepPinned(): Promise<void> {
    const { version, envelope } = this.book.pinned
    await this.database.autocommit((tx) => tx.documents(ROSTERS).put({ version, envelope }))
    this.isOpen = true
  }
}
