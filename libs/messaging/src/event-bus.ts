import type { OutgoingEvent, ServiceName } from '#libs/contracts'

/**
 * The log that carries events between services. At least once, in order per (topic, key), never lost once `publish` named the event.
 * Twins: memory (tests), embedded (PostgreSQL outboxes of one machine), Kafka. All pass `test/contracts/event-bus.suite.ts`.
 */
export interface EventBus {
  /** The log lies in the outboxes themselves: a row is published when it is marked as sent. */
  readonly isOutbox?: true
  /**
   * Hands events to the log, in the given order per key. Answers with the ids that are surely written and where; the relay sends the
   * others again. Never throws for a broker that is down: it answers with what it has.
   */
  publish(events: readonly OutgoingEvent[]): Promise<ReadonlyMap<string, Place | undefined>>
  /**
   * Of what a log acknowledged, each partition up to its last record, the partitions that do not hold it any more, with the offset from
   * which on they hold something else or nothing. Empty for a log that lies in the outboxes themselves. Rejects while the broker does not
   * answer.
   */
  lost(topic: string, acknowledged: readonly Place[]): Promise<readonly LostPlace[]>
  /** Writes the record that makes an idle compacted topic compact, one to each partition. Never rejects. */
  beat(topics: readonly string[]): Promise<void>
  /** Says that the outbox of `source` has marked these events as sent, in order. A bus that reads outboxes hands them to its readers. */
  announce(source: string, sent: readonly SentEvent[]): void
  /** Reads topics for a group from its position, the oldest record at first. Starts by itself again after faults, until closed. */
  subscribe(subscription: Subscription): Promise<void>
  /**
   * Reads a topic of one partition and one producer from `place` on, as much as one answer holds: for no group, so no position moves.
   * Rejects while the log does not answer.
   */
  read(topic: { name: string; producer: string }, place: LogPlace): Promise<LogPart>
  /** `degraded` while the broker cannot be reached; readers and writers go on by themselves when it is back. */
  state(): 'up' | 'degraded'
  /** Messages per topic and group that are not handled yet; of these services' groups alone, where given. */
  lag(services?: readonly ServiceName[]): Promise<TopicLag[]>
  /** Events written in each of the last `RATE_MINUTES` minutes up to `now`, for every topic that the log knows. */
  rates(now: Date): Promise<TopicRate[]>
  /** For people who look into the log; absent where they ask its broker themselves. */
  readonly records?: TopicLog
  close(): Promise<void>
}

/** A log that a person can look into from any place, without a group that the services would see. */
export interface TopicLog {
  read(query: TopicQuery): Promise<TopicPage>
}

export interface TopicQuery {
  topics: readonly string[]
  /** What an earlier page answered as `next`. */
  after?: string
  /** Without `after`: begin with what was made then. Without both the page is empty, and `next` is the end of the log. */
  since?: Date
  /** Records of each producer. */
  limit: number
}

export interface TopicPage {
  /** Oldest first; in order for each producer. */
  records: BusRecord[]
  next: string
}

/** Place in the log; `undefined` where the outbox gives it when it marks the row. */
export interface Place {
  partition: number
  offset: number
  /** When the record was appended, epoch milliseconds by the log's clock; absent where the log does not say. */
  atMs?: number
}

/** Where to read on, as the last answer said it. */
export type LogPlace = number | 'beginning'

export interface LogPart {
  records: readonly BusRecord[]
  /** `beginning` when the log does not reach that far any more: it began anew, and what was read of it counts no more. */
  next: LogPlace
  /** Nothing lies behind these records now. */
  end: boolean
}

/** A partition that does not hold what it acknowledged, from `offset` on: the log ends there, or something younger lies there. */
export interface LostPlace {
  partition: number
  offset: number
  why: 'ends' | 'younger'
}

export interface SentEvent {
  event: OutgoingEvent
  /** Place in the log of its service. */
  offset: number
}

export interface Subscription {
  group: string
  topics: readonly { name: string; producers: readonly string[] }[]
  /** Resolved: the position moves past the record. It rejects only when the process is stopping, and the record comes again. */
  handle(record: BusRecord): Promise<void>
  /**
   * Which of these instances of the group's service are gone: what they read is then handed over at once, not after the broker's own
   * patience. Rejects while it cannot know. Without it the broker's patience counts.
   */
  gone?(instances: readonly string[]): Promise<readonly string[]>
}

/** A record as it lies in the log: nothing in it is trusted before its signature is checked. */
export interface BusRecord {
  topic: string
  key: string | null
  value: string | null
  headers: Record<string, string>
  /** `partition:offset`, for logs and dead letters. */
  position: string
  /** What the texts above were made of, where they do not encode back to it. */
  bytes?: RecordBytes
}

export interface RecordBytes {
  key: Uint8Array | null
  value: Uint8Array | null
  headers: Record<string, Uint8Array>
}

export interface TopicLag {
  topic: string
  messages: number
  groups: GroupLag[]
}

export interface GroupLag {
  group: string
  messages: number
  /** Age of the oldest event that is not handled; 0 also where this process cannot know it. */
  seconds: number
  /** That event, where this process knows it. */
  oldest?: UnhandledEvent
}

export interface UnhandledEvent {
  run: number | null
  at: string
}

export const RATE_MINUTES = 15

/** By whole minutes of the clock, the oldest first; the last is the minute under way. */
export interface TopicRate {
  topic: string
  perMinute: number[]
}

/** Where the minutes of a rate begin, epoch milliseconds, the oldest first. */
export function minutesUntil(now: Date): number[] {
  const last = Math.floor(now.getTime() / 60_000) * 60_000
  return Array.from({ length: RATE_MINUTES }, (_, index) => last - (RATE_MINUTES - 1 - index) * 60_000)
}
