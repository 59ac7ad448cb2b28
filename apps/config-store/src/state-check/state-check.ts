import { command } from '#libs/contracts'
import { EventBus, Outbox, policyKey, type ReadPosition } from '#libs/messaging'
import { Database } from '#libs/persistence'
import { Clock, describeError, FailureStreak, Logger, Metrics, PeriodicTask } from '#libs/platform'
import { Concerns } from '#libs/service'
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common'
import { VerifiedRows } from '../heads/verified-rows.js'
import { documentId, DOCUMENTS, recordedState } from '../heads/head.table.js'
import {
  type Difference,
  DIFFERENCE_KINDS,
  differencesBetween,
  digestOfState,
  MAX_NAMED,
  readStateTopic,
  persisting,
  TopicState,
} from './topic-state.js'

const CHECK_EVERY_MS = 60_000
/** Rows per query. 10,000 policies take 200 queries; other reads run between them. */
const ROWS_AT_ONCE = 50
/** Limit of republished places per check; the next check finds the remaining differences again. */
const MAX_REPUBLISHED = 500

/**
 * Compares the topic of state with the database every minute. They differ if a record was written or a row edited by hand, if a broker lost
 * a record, or if an earlier record was delivered late. Readers verify what they apply, so a difference never makes them apply a false
 * value, but a reader may lack a document. The store publishes explainable differences again; differences that persist raise an alarm. Each
 * instance checks independently, and keeps one digest per place (`policy@scope`).
 */
@Injectable()
export class StateCheck implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly topic = new TopicState()
  private position: ReadPosition = 'beginning'
  private previous: readonly Difference[] = []
  /** Differences republished by earlier checks. One that is found again unchanged raises the alarm: publishing it again did not help. */
  private republished: readonly Difference[] = []
  /** Differences named by the current alarm; empty without an alarm. */
  private named: readonly Difference[] = []
  private readonly checks = new PeriodicTask(this.clock, {
    everyMs: CHECK_EVERY_MS,
    run: () => this.execute(),
    failed: (error) => this.failures.failed(error),
  })
  private readonly repaired = this.metrics.repairCounter('config-store', 'state')
  private readonly failures = new FailureStreak((inARow, alarm, error) => this.reportFailure(inARow, alarm, error))
  private readonly differencesGauge = this.metrics.gauge(
    'state_topic_differences',
    'Documents (policy@scope) for which hms.config.state.v1 and the database have differed for a minute; 0 in a healthy system',
    ['what'],
  )
  private readonly failuresGauge = this.metrics.gauge(
    'state_topic_check_failures',
    'Consecutive failed comparisons of hms.config.state.v1 with the database; 0 in a healthy system',
  )

  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly bus: EventBus,
    private readonly clock: Clock,
    private readonly log: Logger,
    private readonly metrics: Metrics,
    private readonly serviceConcerns: Concerns,
    private readonly rows: VerifiedRows,
  ) {}

  onApplicationBootstrap(): void {
    this.serviceConcerns.add(() =>
      this.named.map((each) => `hms.config.state.v1 and the database differ: ${each.kind} ${each.place} (next: ${nextOf(each)})`),
    )
    this.reportDifferences([])
    this.failuresGauge.set(0)
    this.checks.start()
  }

  beforeApplicationShutdown(): void {
    void this.checks.stop()
  }

  async execute(): Promise<void> {
    // Continues from the end of the last check.
    const isWhole = await readStateTopic(this.bus, this.position, ({ records, next }) => {
      if (next === 'beginning') this.topic.clear()
      for (const record of records) this.topic.add(record)
      this.position = next
    })
    if (!isWhole) return
    const found = differencesBetween(await this.readDatabase(), this.topic.digests)
    const persistent = persisting(found, this.previous)
    const alreadyRepublished = persisting(persistent, this.republished)
    const toRepublish = persistent.filter((each) => !alreadyRepublished.includes(each))
    const published = await this.republish(toRepublish.map(({ place }) => place))
    this.repaired(published.size)
    this.republished = [...alreadyRepublished, ...toRepublish.filter(({ place }) => published.has(place))]
    this.reportDifferences(persistent.filter(({ place }) => !published.has(place)))
    this.previous = found
    this.failures.succeeded()
  }

  private async readDatabase(): Promise<Map<string, string>> {
    const digests = new Map<string, string>()
    for (let after: string | undefined; ;) {
      const query = { orderBy: 'id', limit: ROWS_AT_ONCE, ...(after === undefined ? {} : { after }) }
      const rows = await this.database.autocommit((tx) => tx.documents(DOCUMENTS).find(query))
      for (const row of rows) {
        this.rows.check(row)
        if (row.ended !== true) digests.set(documentId(row.id, row.scope), digestOfState(recordedState(row)))
      }
      const last = rows.at(-1)
      if (last === undefined || rows.length < ROWS_AT_ONCE) return digests
      after = documentId(last.id, last.scope)
    }
  }

  /**
   * Publishes records that the topic lacks, and replaces records that arrived late. A frozen process, or a request delayed by a broken
   * connection, may write an older record after a newer one: compaction then drops the newer record, and an ended canary would stay on the
   * topic forever. The topic follows the database, so the store publishes its row again. A record with a newer head than the row is not
   * replaced: either the record was forged or the row was changed, and people have to investigate. Returns the places it published.
   */
  private async republish(places: readonly string[]): Promise<ReadonlySet<string>> {
    const published = new Set<string>()
    for (const place of places.slice(0, MAX_REPUBLISHED)) {
      const isPublished = await this.database.transaction(async (tx) => {
        const seen = await tx.documents(DOCUMENTS).get(place)
        if (seen === undefined) return false
        await tx.lock([policyKey(seen.id)])
        // A row that does not verify is never published: readers would refuse it, and lack the signed document.
        const row = await this.rows.known(tx, seen.id, seen.scope)
        const recorded = this.topic.seqAt(place)
        if (row === undefined || recorded > row.seq) return false
        if (row.ended === true) await this.outbox.erase(tx, 'hms.state.recorded.v1', place) // guard: state-erased-again
        // guard: state-not-overruled
        else if (recorded < row.seq) await this.outbox.emit(tx, 'hms.state.recorded.v1', recordedState(row), { key: place })
        else return false
        return true
      })
      if (isPublished) published.add(place)
    }
    const repaired = { places: [...published].slice(0, MAX_NAMED), repaired: published.size }
    if (published.size > 0)
      this.log.warn(repaired, 'the topic of state differed from the database; the stored documents are published again')
    return published
  }

  /** Logs once when an alarm begins and once when it ends, because people do not read repeated alarms. */
  private reportDifferences(differences: readonly Difference[]): void {
    for (const kind of DIFFERENCE_KINDS) this.differencesGauge.set({ what: kind }, differences.filter((each) => each.kind === kind).length)
    const before = this.named
    this.named = differences.slice(0, MAX_NAMED)
    const [first] = this.named
    if ((first === undefined) === (before.length === 0)) return
    const fields = { service: 'config-store', alarm: 'state_topic_differs', next: nextOf(first ?? before[0]!) }
    const places = this.named.map(({ place, kind }) => `${kind} ${place}`)
    if (first !== undefined) this.log.error({ ...fields, places, differences: differences.length }, 'alarm')
    else this.log.warn(fields, 'alarm over')
  }

  private reportFailure(inARow: number, alarm: boolean, error: unknown): void {
    this.failuresGauge.set(inARow)
    const fields = { service: 'config-store', error: describeError(error), inARow }
    if (alarm) this.log.error({ ...fields, alarm: 'state_topic_unchecked', next: command('topics.diff') }, 'alarm')
    else if (inARow > 0) this.log.debug(fields, 'the topic of state could not be compared with the database; retrying')
  }
}

/** Returns the command for a difference. It verifies row and record, and publishes or stores only signed documents. */
function nextOf({ place, kind }: Difference): string {
  return kind === 'unknown' ? command('topics.diff') : command('policies.restore', { policy: place.split('@')[0]! })
}
