import type { OutgoingEvent, ServiceLag, ServiceName, TopicActivity } from '#libs/contracts'

/**
 * Log that transports events between services, at least once and in order per (topic, key); it loses no event once `publish` returned its
 * id. Adapters: memory (tests), embedded (PostgreSQL outboxes of one machine), Kafka; all pass `test/contracts/event-bus.suite.ts`.
 */
export abstract class EventBus {
  /** The outboxes are the log: a row is published when it is marked as sent. */
  readonly isOutbox?: true
  /** Writes events in order per key; returns positions of confirmed ids. The relay retries others. Never throws if the broker is down. */
  abstract publish(events: readonly OutgoingEvent[]): Promise<ReadonlyMap<string, LogPosition | undefined>>
  /**
   * Returns the partitions that no longer contain their last acknowledged record, with the first offset at which they differ or end. Empty
   * if the outboxes are the log. Rejects while the broker does not respond.
   */
  abstract findLost(topic: string, acknowledged: readonly LogPosition[]): Promise<readonly LostPosition[]>
  /** Writes one record to each partition so that an idle compacted topic is compacted. Never rejects. */
  abstract writeHeartbeats(topics: readonly string[]): Promise<void>
  /**
   * Notifies the bus that the outbox of `source` marked these events as sent, in order. A bus over outboxes passes them to its readers.
   * An empty `sent` means that the outbox may have marked events without announcing them.
   */
  abstract announce(source: string, sent: readonly SentEvent[]): void
  /** Reads topics for a group from the group's position, initially from the oldest record. Restarts after faults, until closed. */
  abstract subscribe(subscription: Subscription): Promise<void>
  /** Reads the next records from a topic with one partition and one producer. Uses no group. Rejects while the log does not respond. */
  abstract read(topic: { name: string; producer: string }, from: ReadPosition): Promise<LogPart>
  /**
   * Yields the records that topics contain from a time up to their present end, in order per key. Uses no group. Throws while the log does
   * not respond. `since` is compared with the log's clock.
   */
  abstract scan(topics: readonly string[], since: Date): AsyncIterable<BusRecord>
  /** `degraded` while the broker is unreachable; readers and writers resume by themselves. */
  abstract state(): 'up' | 'degraded'
  /** Returns the unhandled messages per topic and group. If `services` is given, only the groups of these services are reported. */
  abstract lag(services?: readonly ServiceName[]): Promise<ServiceLag[]>
  /** Returns the events written in each of the last `RATE_MINUTES` minutes up to `now`, for every topic of the log. */
  abstract rates(now: Date): Promise<TopicRate[]>
  /** Log access for inspection; absent where users query the broker directly. */
  readonly records?: TopicLog
  abstract close(): Promise<void>
}

/** Read access to the log from any position, without a consumer group. */
export interface TopicLog {
  read(query: TopicQuery): Promise<TopicPage>
}

export interface TopicQuery {
  topics: readonly string[]
  /** `next` of an earlier page. */
  after?: string
  /** Without `after`: start with records of this time. Without both, the page is empty and `next` is the end of the log. */
  since?: Date
  /** Ends the page with the newest record; `after` and `since` are ignored. */
  newest?: boolean
  /** Maximum records per producer. */
  limit: number
}

export interface TopicPage {
  /** Oldest first; in order per producer. */
  records: BusRecord[]
  next: string
}

/** Position in the log. It is `undefined` for a confirmed event whose position the outbox assigns when it marks the row as sent. */
export interface LogPosition {
  partition: number
  offset: number
  /** Append time in epoch milliseconds, by the log's clock; absent if the log does not report it. */
  atMs?: number
}

/** Position to continue from, as returned by the previous read. */
export type ReadPosition = number | 'beginning'

export interface LogPart {
  records: readonly BusRecord[]
  /** `beginning` if the log no longer contains the requested position: the log was recreated, and earlier reads of it are void. */
  next: ReadPosition
  /** Whether no further records exist at present. */
  end: boolean
}

/** Partition that lost acknowledged records from `offset` on. `ends`: the log ends there. `younger`: a record appended later is there. */
export interface LostPosition {
  partition: number
  offset: number
  why: 'ends' | 'younger'
}

export interface SentEvent {
  event: OutgoingEvent
  /** Offset in the log of the event's service. */
  offset: number
}

export interface Subscription {
  group: string
  topics: readonly { name: string; producers: readonly string[] }[]
  /** Handles a record; the position advances when it resolves. Rejects only while the process is stopping; the record is redelivered. */
  handle(record: BusRecord): Promise<void>
  /**
   * Returns which of these instances of the group's service are gone. The partitions of such an instance are reassigned at once instead of
   * after the broker's session timeout. Rejects while this is unknown. If the function is absent, the broker's timeout applies.
   */
  findDisconnected?(instances: readonly string[]): Promise<readonly string[]>
}

/** Raw record of the log. Nothing in it is trusted before its signature is verified. */
export interface BusRecord {
  topic: string
  key: string | null
  value: string | null
  headers: Record<string, string>
  /** `partition:offset`, for logs and dead letters. */
  position: string
  /** Original bytes; present if the texts do not encode back to them. */
  bytes?: RecordBytes
}

/** Returns the run number in the headers, which are not verified. */
export function runInHeaders({ headers }: BusRecord): number | null {
  return numberInHeader(headers['ce_runid'])
}

/** Returns a run or attempt number; `null` if it is missing or malformed. */
export function numberInHeader(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : null
}

export interface RecordBytes {
  key: Uint8Array | null
  value: Uint8Array | null
  headers: Record<string, Uint8Array>
}

export const RATE_MINUTES = 15

export type TopicRate = Pick<TopicActivity, 'topic' | 'perMinute'>

/** Returns the start of each minute of a rate in epoch milliseconds, oldest first. */
export function minutesUntil(now: Date): number[] {
  const last = Math.floor(now.getTime() / 60_000) * 60_000
  return Array.from({ length: RATE_MINUTES }, (_, index) => last - (RATE_MINUTES - 1 - index) * 60_000)
}
