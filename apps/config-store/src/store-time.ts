import { describeError, Repeat } from '#libs/platform'
import { ServiceRuntime } from '#libs/service'
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common'

const COMPARE_MS = 60_000

/**
 * The time by which this instance judges: the database's, so that all instances put a rule in force at one moment, whatever the clock of
 * one says. Between two comparisons it goes on by this process's clock.
 */
@Injectable()
export class StoreTime implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private aheadMs = 0
  private readonly comparisons: Repeat

  constructor(private readonly runtime: ServiceRuntime) {
    this.comparisons = new Repeat(runtime.clock, {
      everyMs: COMPARE_MS,
      run: () => this.compare(),
      failed: (error) => this.failed(error),
    })
  }

  nowMs(): number {
    return this.runtime.clock.now().getTime() + this.aheadMs
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.compare().catch((error: unknown) => this.failed(error))
    this.comparisons.start()
  }

  beforeApplicationShutdown(): void {
    void this.comparisons.stop()
  }

  private async compare(): Promise<void> {
    this.aheadMs = (await this.runtime.databaseTime()).getTime() - this.runtime.clock.now().getTime()
  }

  /** Without the database what was known of the difference goes on to count. */
  private failed(error: unknown): void {
    this.runtime.log.debug({ error: describeError(error) }, 'the time of the database is asked again later')
  }
}
