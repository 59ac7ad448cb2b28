import { SERVICES, type OutgoingEvent, type ServiceLag, type ServiceName } from '#libs/contracts'
import { describeError, type Clock, type Logger } from '#libs/platform'
import type { Pool } from 'pg'
import { recordOf, SOURCE_PREFIX } from '../cloud-event.js'
import {
  minutesUntil,
  type BusRecord,
  type EventBus,
  type LogPart,
  type ReadPosition,
  type LostPosition,
  type SentEvent,
  type Subscription,
  type TopicRate,
} from '../event-bus.js'
import { EVENT_COLUMNS, eventOf } from '../outbox/outbox.store.postgres.js'
import { EmbeddedLog } from './embedded-log.js'
import { schemaOf } from './schema-of.js'
import { StreamReader } from './stream-reader.js'

type LoggedEvent = OutgoingEvent & { offset: string }

interface GroupPosition {
  group: string
  topic: string
  producer: string
  log_offset: string
}

/** Rows per read. A row may have 4 MiB but usually has a few KiB. */
const READ_ROWS = 50
/** Rows per producer and page of a scan. */
const SCAN_ROWS = 200

/** Maximum outbox rows counted for a rate. A single machine writes fewer rows, even in a busy quarter of an hour. */
const MAX_COUNTED = 50_000

/**
 * Bus of a single machine: the outbox *is* the log. The relay's leader assigns each sent row its `log_offset`. A group stores its offset
 * per topic and producer in a table of its own service. Events are dispatched in process; PostgreSQL makes them durable.
 */
export class EmbeddedBus implements EventBus {
  readonly isOutbox = true
  readonly records = new EmbeddedLog(this.pool)
  private readonly readers: StreamReader<LoggedEvent>[] = []

  constructor(
    private readonly pool: Pool,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /** Confirms all events: the log is the outbox, and a row is in the log once the relay marks it as sent. */
  async publish(events: readonly OutgoingEvent[]): Promise<ReadonlyMap<string, undefined>> {
    return new Map(events.map((event) => [event.id, undefined]))
  }

  /** Nothing can be lost: log and outbox are the same rows. */
  async findLost(): Promise<readonly LostPosition[]> {
    return []
  }

  async writeHeartbeats(): Promise<void> {
    // The outbox is pruned, not compacted.
  }

  announce(source: string, sent: readonly SentEvent[]): void {
    for (const reader of this.readers) {
      if (reader.stream.source !== source) continue
      const mine = sent
        .filter(({ event }) => event.topic === reader.stream.topic)
        .map(({ event, offset }) => ({ ...event, offset: String(offset) }))
      if (sent.length === 0) reader.refetch() // guard: lost-announcement
      else if (mine.length > 0) reader.push(mine)
    }
  }

  async subscribe(subscription: Subscription): Promise<void> {
    for (const topic of subscription.topics) {
      for (const producer of topic.producers) {
        const reader = new StreamReader(
          {
            topic: topic.name,
            source: `${SOURCE_PREFIX}${producer}`,
            position: () => this.positionOf(subscription.group, topic.name, producer),
            storePosition: (offset) => this.storePosition(subscription.group, topic.name, producer, offset),
            fetch: (after, limit) => this.fetch(topic.name, producer, after, limit),
            handle: (row) => subscription.handle(recordOf(eventOf(row), `0:${row.offset}`)),
          },
          this.clock,
          (error) =>
            this.log.debug({ group: subscription.group, topic: topic.name, error: describeError(error) }, 'reader waits for the database'),
        )
        this.readers.push(reader)
        reader.start()
      }
    }
  }

  /** Reads rows after the given offset. Rows are pruned by age, except the newest row of each key of a compacted topic. */
  async read({ name, producer }: { name: string; producer: string }, position: ReadPosition): Promise<LogPart> {
    const after = position === 'beginning' ? 0 : position
    const rows = await this.fetch(name, producer, after, READ_ROWS)
    const records = rows.map((row) => recordOf(eventOf(row), `0:${row.offset}`))
    return { records, next: Number(rows.at(-1)?.offset ?? after), end: rows.length < READ_ROWS }
  }

  async *scan(topics: readonly string[], since: Date): AsyncIterable<BusRecord> {
    let page = await this.records.read({ topics, since, limit: SCAN_ROWS })
    while (page.records.length > 0) {
      yield* page.records
      page = await this.records.read({ topics, after: page.next, limit: SCAN_ROWS })
    }
  }

  state(): 'up' {
    return 'up'
  }

  async lag(services: readonly ServiceName[] = SERVICES): Promise<ServiceLag[]> {
    const reports = new Map<string, ServiceLag>()
    for (const { topic, messages } of (await Promise.all(SERVICES.map((service) => this.countByTopic(service)))).flat()) {
      const report = reports.get(topic) ?? { topic, messages: 0, groups: [] }
      report.messages += Number(messages)
      reports.set(topic, report)
    }
    const positions = await Promise.all(
      services.map((service) =>
        this.query<GroupPosition>(`SELECT "group", topic, producer, log_offset FROM ${schemaOf(service)}.consumer_offset`),
      ),
    )
    await Promise.all(positions.flat().map((position) => this.addGroup(reports, position)))
    for (const { groups } of reports.values()) groups.sort((a, b) => a.group.localeCompare(b.group))
    return [...reports.values()].sort((a, b) => a.topic.localeCompare(b.topic))
  }

  async rates(now: Date): Promise<TopicRate[]> {
    const minutes = minutesUntil(now)
    const counts = new Map<string, number[]>()
    const written = await Promise.all(SERVICES.map((service) => this.writtenSince(service, minutes[0]!)))
    for (const { topic, minute, events } of written.flat()) {
      const perMinute = counts.get(topic) ?? minutes.map(() => 0)
      // A producer's clock may be ahead of this one.
      const index = Math.min(minutes.length - 1, (Number(minute) * 60_000 - minutes[0]!) / 60_000)
      perMinute[index] = perMinute[index]! + Number(events)
      counts.set(topic, perMinute)
    }
    return [...counts].map(([topic, perMinute]) => ({ topic, perMinute }))
  }

  async close(): Promise<void> {
    await Promise.all(this.readers.map((reader) => reader.stop()))
    await this.pool.end()
  }

  private async query<R extends object>(sql: string, values: unknown[] = []): Promise<R[]> {
    return (await this.pool.query<R>(sql, values)).rows
  }

  private countByTopic(service: ServiceName): Promise<{ topic: string; messages: string }[]> {
    return this.query(`SELECT topic, count(*) AS messages FROM ${schemaOf(service)}.outbox GROUP BY topic`)
  }

  /** Counts events per topic and minute, among the newest rows only, so the cost does not grow with the retained rows. */
  private writtenSince(service: ServiceName, sinceMs: number): Promise<{ topic: string; minute: string; events: string }[]> {
    return this.query(
      `SELECT topic, floor(extract(epoch FROM occurred_at) / 60) AS minute, count(*) AS events
         FROM (SELECT topic, occurred_at FROM ${schemaOf(service)}.outbox ORDER BY seq DESC LIMIT ${MAX_COUNTED}) newest
         WHERE occurred_at >= to_timestamp($1) GROUP BY 1, 2`,
      [sinceMs / 1_000],
    )
  }

  /** Adds up a group's lag over producers: a group has one position per producer, but is reported once. */
  private async addGroup(reports: Map<string, ServiceLag>, { group, topic, producer, log_offset: at }: GroupPosition): Promise<void> {
    const report = reports.get(topic)
    if (report === undefined) return
    const [row] = await this.query<{ messages: string; seconds: string | null; at: Date | null; run: string | null }>(
      `SELECT count(*) AS messages, extract(epoch FROM clock_timestamp() - min(occurred_at)) AS seconds,
         min(occurred_at) AS at, (array_agg(run_id ORDER BY occurred_at))[1] AS run
       FROM ${schemaOf(producer)}.outbox WHERE topic = $1 AND log_offset > $2`,
      [topic, at],
    )
    const messages = Number(row!.messages)
    const seconds = Math.round(Number(row!.seconds ?? 0))
    const oldest = row!.at === null ? undefined : { run: row!.run === null ? null : Number(row!.run), at: row!.at.toISOString() }
    const known = report.groups.find((candidate) => candidate.group === group)
    if (known === undefined) report.groups.push({ group, messages, seconds, ...(oldest === undefined ? {} : { oldest }) })
    else {
      known.messages += messages
      if (oldest !== undefined && (known.oldest === undefined || oldest.at < known.oldest.at)) Object.assign(known, { seconds, oldest })
    }
  }

  private async positionOf(group: string, topic: string, producer: string): Promise<number> {
    const [row] = await this.query<{ log_offset: string }>(
      `SELECT log_offset FROM ${this.schemaOfGroup(group)}.consumer_offset WHERE "group" = $1 AND topic = $2 AND producer = $3`,
      [group, topic, producer],
    )
    return Number(row?.log_offset ?? 0)
  }

  private async storePosition(group: string, topic: string, producer: string, offset: number): Promise<void> {
    await this.query(
      `INSERT INTO ${this.schemaOfGroup(group)}.consumer_offset ("group", topic, producer, log_offset) VALUES ($1, $2, $3, $4)
       ON CONFLICT ("group", topic, producer) DO UPDATE SET log_offset = greatest(consumer_offset.log_offset, EXCLUDED.log_offset)`,
      [group, topic, producer, offset],
    )
  }

  private fetch(topic: string, producer: string, after: number, limit: number): Promise<LoggedEvent[]> {
    return this.query(
      `SELECT log_offset AS "offset", ${EVENT_COLUMNS} FROM ${schemaOf(producer)}.outbox
       WHERE topic = $1 AND log_offset > $2 ORDER BY log_offset LIMIT $3`,
      [topic, after, limit],
    )
  }

  /** A group is named after its service, plus `.control` for control topics. */
  private schemaOfGroup(group: string): string {
    return schemaOf(group.split('.')[0]!)
  }
}
