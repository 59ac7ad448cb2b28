import {
  asSummary,
  defined,
  EVENT_TOPICS,
  SUMMARY_HEADER,
  summaryOf,
  type EventData,
  type EventType,
  type JsonObject,
  type OutgoingEvent,
  type ServiceName,
} from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { messageSpan, traceparentOrRoot, traceStateHeader, uuidv7 } from '#libs/platform'
import type { Signer } from '#libs/signing'
import { SOURCE_PREFIX } from '../cloud-event.js'
import { STATEMENT_SEAL, type EventSeal } from '../event-seal.js'
import type { OutboxStore } from './outbox.store.js'

export interface EmitOptions {
  /** Policy id (the smallest of a bundle), partner id, bot id or run number, as in the topic's catalogue entry. */
  key: string
  run?: number
  attempt?: number
  causationId?: string
  /** Trace context; default: the current trace. */
  traceparent?: string
  /** Only for `STAGE_EVENTS`, which are published on the topic of the emitting service. */
  topic?: string
}

/** Writes a service's events, signed with its key, into the transaction that caused them. */
export class Outbox {
  private readonly source: string = `${SOURCE_PREFIX}${this.service}`

  constructor(
    readonly store: OutboxStore,
    readonly service: ServiceName,
    private readonly signer: Signer,
    /** Called after the commit: wakes the relay. */
    private readonly wake: () => void,
    private readonly seal: EventSeal = STATEMENT_SEAL,
  ) {}

  async emit<T extends EventType>(tx: Transaction, type: T, data: EventData[T], options: EmitOptions): Promise<OutgoingEvent> {
    const topic = options.topic ?? EVENT_TOPICS[type as keyof typeof EVENT_TOPICS]
    const head = {
      ...(await this.head(tx, type, topic, options.key)),
      ...defined({ runId: options.run?.toString(), attempt: options.attempt, causationId: options.causationId }),
    }
    const envelope = await this.seal.sign({ ...head, data: data as unknown as JsonObject }, this.signer)
    const traceparent = options.traceparent ?? traceparentOrRoot(messageSpan('create', head))
    const event: OutgoingEvent = {
      ...head,
      traceparent,
      value: JSON.stringify(envelope),
      headers: { [SUMMARY_HEADER]: summaryOf(type, data, options), ...traceStateHeader(traceparent) },
    }
    await this.store.append(tx, event)
    tx.afterCommit(this.wake)
    return event
  }

  /** Publishes a tombstone: a compacted topic deletes the key. It contains no statement, so readers advance no position by it. */
  async erase(tx: Transaction, type: keyof typeof EVENT_TOPICS, key: string): Promise<void> {
    const head = await this.head(tx, type, EVENT_TOPICS[type], key)
    const traceparent = traceparentOrRoot(messageSpan('create', head))
    const headers = { [SUMMARY_HEADER]: asSummary(`${key}: deleted`), ...traceStateHeader(traceparent) }
    await this.store.append(tx, { ...head, traceparent, value: null, headers })
    tx.afterCommit(this.wake)
  }

  private async head<T extends EventType>(tx: Transaction, type: T, topic: string, key: string) {
    const keySeq = await this.store.nextKeySeq(tx, topic, key)
    return { id: uuidv7(tx.now), source: this.source, type, topic, key, keySeq, time: tx.now.toISOString() }
  }
}
