import { type EventType, isEventType, type ReceivedEvent, type ServiceName, type VerifiedEvent } from '#libs/contracts'
import {
  BaseRpcContext,
  Ctx,
  type CustomTransportStrategy,
  EventPattern,
  type MessageHandler,
  Payload,
  Server,
} from '@nestjs/microservices'
import { isObservable, lastValueFrom } from 'rxjs'
import type { EventConsumer } from './event-consumer.js'
import type { Transaction } from '#libs/persistence'
import type { HandlerResult } from './event-routes.js'

export type HandlerMethod<T extends EventType> = (event: ReceivedEvent<T>, context: EventContext) => Promise<HandlerResult>
type HandlerDecorator<T extends EventType> = <M extends HandlerMethod<T>>(
  target: object,
  name: string | symbol,
  method: TypedPropertyDescriptor<M>,
) => void

/** Marks a controller method as handler of these event types. Its parameters: the event, then the `EventContext`. */
export function OnEvent<T extends EventType>(service: ServiceName, ...types: T[]): HandlerDecorator<T> {
  return (target, name, method) => {
    Payload()(target, name, 0)
    Ctx()(target, name, 1)
    EventPattern<string[]>(types, { service })(target, name, method)
  }
}

/** Gives a handler the transaction that advances the position of its event. */
export class EventContext extends BaseRpcContext<[VerifiedEvent, Transaction]> {
  constructor(event: VerifiedEvent, transaction: Transaction) {
    super([event, transaction])
  }
  get tx(): Transaction {
    return this.args[1]
  }
}

/** Binds `@OnEvent` methods to consumers. Replaces Nest's Kafka server, which loses causes, decodes keys and joins services' handlers. */
export class EventServer extends Server implements CustomTransportStrategy {
  override readonly propagatesEventHandlerErrors = true

  constructor(private readonly consumers: ReadonlyMap<ServiceName, EventConsumer>) {
    super()
  }

  override addHandler(type: string, callback: MessageHandler, _isEventHandler?: boolean, extras: { service?: ServiceName } = {}): void {
    const consumer = extras.service === undefined ? undefined : this.consumers.get(extras.service)
    if (consumer === undefined) throw new TypeError(`the handler of ${type} names no service of this process`)
    if (!isEventType(type)) throw new TypeError(`${type} is not an event type`)
    consumer.on([type], async (event, tx) => {
      const result: unknown = await callback(event, new EventContext(event, tx))
      const outcome = isObservable(result) ? await lastValueFrom(result, { defaultValue: undefined }) : result
      return outcome === 'ignored-stale' ? outcome : undefined
    })
  }

  /** Starts reading. It does not wait for an unreachable broker: subscriptions begin when the broker is available. */
  listen(callback: (error?: unknown) => void): void {
    Promise.all([...this.consumers.values()].map((consumer) => consumer.start())).then(() => callback(), callback)
  }

  close(): void {
    for (const consumer of this.consumers.values()) consumer.stop()
  }

  on(): never {
    throw new TypeError('the event server has no events of its own')
  }

  unwrap<T>(): T {
    throw new TypeError('the event server wraps no driver')
  }
}
