import { command } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { Clock, describeError, Logger, PeriodicTask } from '#libs/platform'
import { Concerns, CONFIG_STORE_URLS, DirectHeadDelivery, Rosters, Signals } from '#libs/service'
import {
  FRESHNESS_EVERY_MS,
  FRESHNESS_LIFE_MS,
  Signer,
  signFreshness,
  stableDigest,
  StableTree,
  type FreshnessPredicate,
  type StableHead,
} from '#libs/signing'
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common'
import { STABLE_HEADS, STABLE_MOVED } from './stable.table.js'

/** Query limit above any number of heads: a digest over only some of them would prove nothing. */
const ALL = 1_000_000
/** Every third publication reads the heads even without a signal, because a signal between instances may be lost. */
const READ_EVERY = 3
/** Limit of policies named in a concern of `/readyz`. */
const MAX_NAMED = 10

/**
 * Posts the signed freshness statement on all stable heads to every config-store, every ten seconds and after each change, even without a
 * broker. Every instance publishes. It ignores a row older than a head that it has read (put back by hand). Readers accept the newest.
 */
@Injectable()
export class PublishFreshness implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private summary: Pick<FreshnessPredicate, 'stable' | 'tree'> = { stable: '' }
  private mustRead = true
  private publications = 0
  private readonly publishTask = new PeriodicTask(this.clock, {
    everyMs: FRESHNESS_EVERY_MS,
    run: () => this.publish(),
    failed: (error) => {
      this.mustRead = true
      this.log.debug({ error: describeError(error) }, 'freshness could not be published')
    },
  })
  private readonly newest = new NewestHeads()

  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly signals: Signals,
    private readonly signer: Signer,
    private readonly clock: Clock,
    private readonly log: Logger,
    private readonly serviceConcerns: Concerns,
    @Inject(CONFIG_STORE_URLS) private readonly configStoreUrls: readonly string[],
    private readonly headDelivery: DirectHeadDelivery,
  ) {}

  onModuleInit(): void {
    this.signals.on(STABLE_MOVED, () => {
      this.mustRead = true
      this.publishTask.wake()
    })
    this.serviceConcerns.add(() => {
      const { reverted } = this.newest
      if (reverted.length === 0) return []
      const rows = `rows of stable heads were reverted or deleted: ${reverted.slice(0, MAX_NAMED).join(', ')}`
      return [`${rows}; the freshness statement still covers the newer heads (next: ${command('audit.verify')})`]
    })
  }

  onApplicationBootstrap(): void {
    if (this.configStoreUrls.length > 0) this.publishTask.start(0)
  }

  beforeApplicationShutdown(): void {
    void this.publishTask.stop()
  }

  private async publish(): Promise<void> {
    this.mustRead ||= this.publications++ % READ_EVERY === 0
    if (this.mustRead) await this.read()
    await this.headDelivery.refresh(await this.signed(await this.database.transaction(async (tx) => tx.now)))
  }

  private async read(): Promise<void> {
    // Reset before the read: a concurrent change causes another read.
    this.mustRead = false
    const rows = await this.database.autocommit((tx) => tx.documents(STABLE_HEADS).find({ limit: ALL }))
    const heads = this.newest.record(rows) // guard: stable-rows-put-back
    const stable = stableDigest(heads)
    if (stable !== this.summary.stable) this.summary = { stable, tree: new StableTree(heads).root }
  }

  /** Signs the statement. `now`: time of the database, because a wrong clock of this process would make all readers STALE. */
  private signed(now: Date) {
    const [roster, signer] = [this.rosters.newest, this.signer]
    const [issuedAt, expires] = [now.toISOString(), new Date(now.getTime() + FRESHNESS_LIFE_MS).toISOString()]
    return signFreshness({ ...this.summary, roster: roster.version, issuedAt, expires }, signer)
  }
}

/** Newest stable heads that this process read. Sequence numbers only grow, so an older or missing row was changed by hand. */
class NewestHeads {
  private readonly newest = new Map<string, StableHead>()
  private changed: string[] = []

  /** Policies whose rows were put back or deleted, as of the last read. */
  get reverted(): readonly string[] {
    return this.changed
  }

  /** Records all rows of one read; returns the newest head of each policy. */
  record(rows: readonly StableHead[]): StableHead[] {
    const read = new Map(rows.map((row) => [row.policy, row]))
    for (const row of rows) if (!isBehind(row, this.newest.get(row.policy))) this.newest.set(row.policy, row)
    this.changed = [...this.newest.values()].filter((head) => isBehind(read.get(head.policy), head)).map(({ policy }) => policy)
    return [...this.newest.values()]
  }
}

function isBehind(row: StableHead | undefined, newest: StableHead | undefined): boolean {
  if (newest === undefined) return false
  return row === undefined || row.seq < newest.seq || (row.seq === newest.seq && row.current !== newest.current)
}
