import { SERVICES, type OutgoingEvent, type ServiceName } from '#libs/contracts'
import { describeError, type Clock, type Logger } from '#libs/platform'
import type { Pool } from 'pg'
import { recordOf, SOURCE_PREFIX } from '../cloud-event.js'
import type { EventBus, LostPlace, SentEvent, Subscription, TopicLag } from '../event-bus.js'
import { EVENT_COLUMNS, eventOf } from '../outbox/outbox.store.postgres.js'
import { StreamReader } from './stream-reader.js'

/** PostgreSQL schema of a service. */
export function schemaOf(service: string): string {
  return service.replaceAll('-', '_')
}

type LoggedEvent = OutgoingEvent & { offset: string }

/**
 * The bus of one machine: the outbox *is* the log. The relay's leader gives each sent row its `log_offset`; a group keeps, per topic and
 * producer, how far it has read in a table of its own service. Dispatch is in process; PostgreSQL makes it durable.
 */
export class EmbeddedBus implements EventBus {
  private readonly readers: StreamReader<LoggedEvent>[] = []

  constructor(
    private readonly pool: Pool,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /** The log is the outbox: a row is written when the relay marks it. */
  async publish(events: readonly OutgoingEvent[]): Promise<ReadonlyMap<string, undefined>> {
    return new Map(events.map((event) => [event.id, undefined]))
  }

  /** A row is in the log or it is not: there is nothing else that could have lost it. */
  async lost(): Promise<readonly LostPlace[]> {
    return []
  }

  async beat(): Promise<void> {
    // The outbox is pruned, not compacted.
  }

  announce(source: string, sent: readonly SentEvent[]): void {
    for (const reader of this.readers) {
      if (reader.source !== source) continue
      const mine = sent
        .filter(({ event }) => event.topic === reader.topic)
        .map(({ event, offset }) => ({ ...event, offset: String(offset) }))
      if (mine.length > 0) reader.push(mine)
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
            moveTo: (offset) => this.move(subscription.group, topic.name, producer, offset),
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

  state(): 'up' {
    return 'up'
  }

  async lag(services: readonly ServiceName[] = SERVICES): Promise<TopicLag[]> {
    const reports = new Map<string, TopicLag>()
    for (const service of SERVICES) {
      for (const row of await this.lagOf(service)) {
        const report = reports.get(row.topic) ?? { topic: row.topic, messages: 0, groups: [] }
        report.messages += Number(row.messages)
        reports.set(row.topic, report)
      }
    }
    for (const service of services) {
      const { rows } = await this.pool.query<{ group: string; topic: string; producer: string; log_offset: string }>(
        `SELECT "group", topic, producer, log_offset FROM ${schemaOf(service)}.consumer_offset`,
      )
      for (const row of rows) await this.addGroup(reports, row)
    }
    return [...reports.values()].sort((a, b) => a.topic.localeCompare(b.topic))
  }

  async close(): Promise<void> {
    await Promise.all(this.readers.map((reader) => reader.stop()))
    await this.pool.end()
  }

  private async lagOf(service: ServiceName): Promise<{ topic: string; messages: string }[]> {
    return (
      await this.pool.query<{ topic: string; messages: string }>(
        `SELECT topic, count(*) AS messages FROM ${schemaOf(service)}.outbox GROUP BY topic`,
      )
    ).rows
  }

  private async addGroup(
    reports: Map<string, TopicLag>,
    row: { group: string; topic: string; producer: string; log_offset: string },
  ): Promise<void> {
    const { rows } = await this.pool.query<{ messages: string; seconds: string | null }>(
      `SELECT count(*) AS messages, extract(epoch FROM clock_timestamp() - min(occurred_at)) AS seconds
       FROM ${schemaOf(row.producer)}.outbox WHERE topic = $1 AND log_offset > $2`,
      [row.topic, row.log_offset],
    )
    const report = reports.get(row.topic)
    report?.groups.push({ group: row.group, messages: Number(rows[0]!.messages), seconds: Math.round(Number(rows[0]!.seconds ?? 0)) })
  }

  private async positionOf(group: string, topic: string, producer: string): Promise<number> {
    const { rows } = await this.pool.query<{ log_offset: string }>(
      `SELECT log_offset FROM ${this.schemaOfGroup(group)}.consumer_offset WHERE "group" = $1 AND topic = $2 AND producer = $3`,
      [group, topic, producer],
    )
    return Number(rows[0]?.log_offset ?? 0)
  }

  private async move(group: string, topic: string, producer: string, offset: number): Promise<void> {
    await this.pool.query(
      `INSERT INTO ${this.schemaOfGroup(group)}.consumer_offset ("group", topic, producer, log_offset) VALUES ($1, $2, $3, $4)
       ON CONFLICT ("group", topic, producer) DO UPDATE SET log_offset = greatest(consumer_offset.log_offset, EXCLUDED.log_offset)`,
      [group, topic, producer, offset],
    )
  }

  private async fetch(topic: string, producer: string, after: number, limit: number): Promise<LoggedEvent[]> {
    const { rows } = await this.pool.query<LoggedEvent>(
      `SELECT log_offset AS "offset", ${EVENT_COLUMNS} FROM ${schemaOf(producer)}.outbox
       WHERE topic = $1 AND log_offset > $2 ORDER BY log_offset LIMIT $3`,
      [topic, after, limit],
    )
    return rows
  }

  /** Groups are named after their service, `.control` aside. */
  private schemaOfGroup(group: string): string {
    return schemaOf(group.split('.')[0]!)
  }
}
