import { Database } from '#libs/persistence'
import { Clock, describeError, Logger, PeriodicTask } from '#libs/platform'
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common'

const COMPARE_MS = 60_000

/**
 * Time of the database, by which all instances put a rule in force at the same moment, regardless of their clocks. Between comparisons it
 * advances with the monotonic clock, because a wall clock may be set at any moment; until the first one, the wall clock is used.
 */
@Injectable()
export class StoreTime implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private compared: { databaseMs: number; elapsedMs: number } | undefined
  private readonly comparisons = new PeriodicTask(this.clock, {
    everyMs: COMPARE_MS,
    run: () => this.compare(),
    failed: (error) => this.failed(error),
  })

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  nowMs(): number {
    const { clock } = this
    return this.compared === undefined ? clock.now().getTime() : this.compared.databaseMs + (clock.elapsedMs() - this.compared.elapsedMs)
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.compare().catch((error: unknown) => this.failed(error))
    this.comparisons.start()
  }

  beforeApplicationShutdown(): void {
    void this.comparisons.stop()
  }

  private async compare(): Promise<void> {
    const databaseMs = (await this.database.transaction(async (tx) => tx.now)).getTime()
    this.compared = { databaseMs, elapsedMs: this.clock.elapsedMs() }
  }

  /** Keeps the earlier comparison while the database is unavailable. */
  private failed(error: unknown): void {
    this.log.debug({ error: describeError(error) }, 'the time of the database could not be read; retrying')
  }
}
