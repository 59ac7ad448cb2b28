import { describeError, Repeat } from '#libs/platform'
import { ServiceRuntime } from '#libs/service'
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common'

const COMPARE_MS = 60_000

/**
 * The time by which this instance judges: the database's, so that all instances put a rule in force at one moment, whatever the
 * clock of one says. Between two comparisons it goes on by what has passed: a wall clock may be set at any moment. It counts alone
 * while the database was not asked yet.
 */
@Injectable()
export class StoreTime implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private compared: { databaseMs: number; elapsedMs: number } | undefined
  private readonly comparisons: Repeat

  constructor(private readonly runtime: ServiceRuntime) {
    this.comparisons = new Repeat(runtime.clock, {
      everyMs: COMPARE_MS,
      run: () => this.compare(),
      failed: (error) => this.failed(error),
    })
  }

  nowMs(): number {
    const { clock } = this.runtime
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
    const databaseMs = (await this.runtime.databaseTime()).getTime()
    this.compared = { databaseMs, elapsedMs: this.runtime.clock.elapsedMs() }
  }

  /** Without the database the comparison before goes on to count. */
  private failed(error: unknown): void {
    this.runtime.log.debug({ error: describeError(error) }, 'the time of the database is asked again later')
  }
}
