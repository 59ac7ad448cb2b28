import type { EventType, ReceivedEvent, VerifiedEvent } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { requireValidData } from './event-schema.js'

/** Handles an event within 50 ms, in the transaction that advances its stream. For an older attempt, only returns `ignored-stale`. */
export type EventHandler<T extends EventType = EventType> = (event: ReceivedEvent<T>, tx: Transaction) => Promise<HandlerResult>
export type HandlerResult = void | 'ignored-stale'

/** Handles every event of a topic, inside the transaction that advances the position of the event's stream. */
export type TopicHandler = (event: VerifiedEvent, tx: Transaction) => Promise<HandlerResult>

/** Handlers of one topic by event type. */
export class EventRoutes {
  readonly handlers = new Map<string, TopicHandler>()

  add<T extends EventType>(type: T, handle: EventHandler<T>): void {
    if (this.handlers.has(type)) throw new TypeError(`${type} is handled twice`)
    this.handlers.set(type, async (event, tx) => {
      requireValidData(event, type) // guard: shape-of-events
      return handle(event, tx)
    })
  }

  /** Passes an event to the handler of its type. A type without a handler is meant for other readers of the topic and is skipped. */
  readonly handle: TopicHandler = async (event, tx) => this.handlers.get(event.type)?.(event, tx)
}
