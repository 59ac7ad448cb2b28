import { describeError, PeriodicTask } from '#libs/platform'
import { FRESHNESS_EVERY_MS, FRESHNESS_LIFE_MS, signFreshness, stableDigest, StableTree, type FreshnessPredicate } from '#libs/signing'
import { DirectHeadDelivery, ServiceRuntime } from '#libs/service'
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common'
import { STABLE_HEADS, STABLE_MOVED } from './stable.table.js'

/** Above any number of heads: a digest over some of them would prove nothing. */
const ALL = 1_000_000
/** A signal between instances may be lost: every third time the heads are read without one. */
const READ_EVERY = 3

/**
 * Signs the list of stable heads, every ten seconds and after each change, and posts it to every config-store directly: it is no event,
 * because nothing happened, and must arrive without a broker too. Each instance does so; readers accept the newest.
 */
@Injectable()
export class PublishFreshness implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private summary: Pick<FreshnessPredicate, 'stable' | 'tree'> = { stable: '' }
  private moved = true
  private turn = 0
  private stopped = false
  private publishing = false
  private readonly beats: PeriodicTask

  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly carrier: DirectHeadDelivery,
  ) {
    this.beats = new PeriodicTask(runtime.clock, {
      everyMs: FRESHNESS_EVERY_MS,
      run: () => {
        this.moved ||= this.turn++ % READ_EVERY === 0
        return this.publish()
      },
      failed: (error) => this.failed(error),
    })
  }

  onModuleInit(): void {
    this.runtime.onSignal(STABLE_MOVED, () => {
      this.moved = true
      void this.publish()
    })
  }

  onApplicationBootstrap(): void {
    if (this.runtime.configStoreUrls.length > 0) this.beats.start(0)
  }

  beforeApplicationShutdown(): void {
    this.stopped = true
    void this.beats.stop()
  }

  private async publish(): Promise<void> {
    if (this.publishing || this.stopped || this.runtime.configStoreUrls.length === 0) return
    this.publishing = true
    try {
      do {
        if (this.moved) await this.read()
        await this.carrier.refresh(await this.signed(await this.runtime.databaseTime()))
      } while (this.moved && !this.stopped)
    } catch (error) {
      this.failed(error)
    } finally {
      this.publishing = false
    }
  }

  private failed(error: unknown): void {
    this.moved = true
    this.runtime.log.debug({ error: describeError(error) }, 'freshness could not be published')
  }

  private async read(): Promise<void> {
    // Reset before the read: a concurrent change causes another read.
    this.moved = false
    const heads = await this.runtime.database.transaction((tx) => tx.documents(STABLE_HEADS).find({ limit: ALL }))
    const stable = stableDigest(heads)
    if (stable !== this.summary.stable) this.summary = { stable, tree: new StableTree(heads).root }
  }

  /** `now`: the database's time, because a wrong clock of this process would make all readers STALE. */
  private signed(now: Date) {
    const { roster, signer } = this.runtime
    const [issuedAt, expires] = [now.toISOString(), new Date(now.getTime() + FRESHNESS_LIFE_MS).toISOString()]
    return signFreshness({ ...this.summary, roster: roster.version, issuedAt, expires }, signer)
  }
}
