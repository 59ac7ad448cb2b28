import { command, topicByName, topicsConsumedBy, type VerifiedEvent } from '#libs/contracts'
import { openRecord, type EventBus, type EventSeal } from '#libs/messaging'
import type { Database, Transaction } from '#libs/persistence'
import { describeError, PeriodicTask, type Clock, type Logger } from '#libs/platform'
import type { Roster } from '#libs/signing'
import { MAX_UNSIGNED, type EntryStore, type UnsignedRows } from '../entries/entry.store.js'
import { takeEvent } from './take-event.js'

/** Delay in ms until events are looked up again after the bus could not be read. */
const RETRY_MS = 30_000
/** Subtracted from the time of the oldest row, because the clocks of producers and of the bus may differ. */
const CLOCK_SKEW_MS = 10 * 60_000
const NEXT = command('topics.republish')

interface AdoptionDependencies {
  database: Database
  entries: EntryStore
  bus: Pick<EventBus, 'scan'>
  roster(): Roster
  seal?: EventSeal
  clock: Clock
  log: Logger
  /** Called when rows were replaced by signed ones, which wait for an index. */
  adopted(): void
}

/**
 * Replaces arrival rows without a valid signature of audit: an earlier build may have stored them and stopped before they got an index.
 * Each event is read from the bus, verified and stored again. A row without such an event never becomes an entry, and raises an alarm.
 */
export class AdoptArrivals {
  private readonly lookups = new PeriodicTask(this.deps.clock, {
    everyMs: Infinity,
    run: () => this.execute(),
    failed: (error) => {
      this.deps.log.warn({ error: describeError(error) }, 'the events of unsigned arrivals cannot be read; retrying in 30 s')
      this.lookups.wake(RETRY_MS)
    },
  })
  /** Reasons why rows were refused, by event id. */
  private readonly reasons = new Map<string, string>()
  /** Ids of unsigned rows whose event is not on the bus. */
  private orphans = new Set<string>()

  constructor(private readonly deps: AdoptionDependencies) {}

  /** Concerns that `/readyz` and `doctor` show. */
  get concerns(): readonly string[] {
    const { size } = this.orphans
    return size === 0 ? [] : [`${size} rows of audit.arrival are unsigned and not entries (next: ${NEXT})`]
  }

  start(): void {
    this.lookups.start(0)
  }

  stop(): Promise<void> {
    return this.lookups.stop()
  }

  /** Looks up the event of a row that was refused an index. */
  refused(event: string, why: string): void {
    if (this.reasons.size < MAX_UNSIGNED) this.reasons.set(event, why)
    this.lookups.wake() // guard: arrival-rows-adopted
  }

  /** Replaces the unsigned or refused row of an event by a signed one; returns whether there was such a row. */
  async take(tx: Transaction, event: VerifiedEvent): Promise<boolean> {
    if (topicByName(event.topic).trail === 'window' || !(await this.deps.entries.dropUnsigned(tx, event.id))) return false
    await takeEvent(this.deps.entries, tx, event, this.deps.roster())
    tx.afterCommit(() => {
      this.orphans.delete(event.id)
      this.deps.adopted()
    })
    return true
  }

  private async execute(): Promise<void> {
    const wanted = await this.unsigned()
    if (wanted !== undefined) await this.adopt(wanted)
    const lookedUp = new Set(wanted?.events)
    const left = lookedUp.size === 0 ? [] : ((await this.unsigned())?.events ?? [])
    const orphans = new Set(left.filter((event) => lookedUp.has(event)))
    for (const event of orphans) {
      const why = this.reasons.get(event) ?? 'it is not signed'
      if (!this.orphans.has(event)) this.deps.log.error({ service: 'audit', alarm: 'arrival_unverified', event, why, next: NEXT }, 'alarm')
    }
    this.orphans = orphans
    this.reasons.clear()
  }

  private unsigned(): Promise<UnsignedRows | undefined> {
    return this.deps.database.autocommit((tx) => this.deps.entries.unsigned(tx))
  }

  private async adopt({ topics, since, events }: UnsignedRows): Promise<void> {
    const { database, bus, roster, seal } = this.deps
    const wanted = new Set(events)
    // A forged row may name any topic.
    const known = topicsConsumedBy('audit').flatMap(({ name }) => (topics.includes(name) ? [name] : []))
    for await (const record of bus.scan(known, new Date(since.getTime() - CLOCK_SKEW_MS))) {
      if (!wanted.has(record.headers['ce_id'] ?? '')) continue
      const opened = openRecord(record, topicByName(record.topic).producers, roster(), seal) // guard: arrival-rows-verified
      if (opened.ok && (await database.transaction((tx) => this.take(tx, opened.event)))) wanted.delete(opened.event.id)
      if (wanted.size === 0) return
    }
  }
}
