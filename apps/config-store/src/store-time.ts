import { describeError } from '#libs/platform'
import { ServiceRuntime } from '#libs/service'
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common'

const COMPARE_MS = 60_000

/**
 * The time by which this instance judges: the database's, so that all instances put a rule in force at one moment, whatever the clock of one
 * says. Between two comparisons it goes on by this process's clock.
 */
@Injectable()
export class StoreTime implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private aheadMs = 0
  private cancel: () => void = () => {}
  private stopped = false

  constructor(private readonly runtime: ServiceRuntime) {}

  nowMs(): number {
    return this.runtime.clock.now().getTime() + this.aheadMs
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.compare()
    this.again()
  }

  beforeApplicationShutdown(): void {
    this.stopped = true
    this.cancel()
  }

  /** Without the database what was known of the difference goes on to count. */
  private async compare(): Promise<void> {
    try {
      this.aheadMs = (await this.runtime.databaseTime()).getTime() - this.runtime.clock.now().getTime()
    } catch (error) {
      this.runtime.log.debug({ error: describeError(error) }, 'the time of the database is asked again later')
    }
  }

  private again(): void {
    if (this.stopped) return
    this.cancel = this.runtime.clock.after(COMPARE_MS, () => void this.compare().finally(() => this.again()))
  }
}
