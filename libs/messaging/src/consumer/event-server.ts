import { isEventType, type ServiceName } from '#libs/contracts'
import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices'
import { isObservable, lastValueFrom } from 'rxjs'
import type { EventConsumer } from './event-consumer.js'
import { EventContext } from './on-event.js'

/**
 * Binds `@OnEvent` methods of a Nest application to the consumers of its services. Nest's stock Kafka server is unsuitable: it swallows
 * causes, decodes keys, and joins the handlers of several services under one pattern.
 */
export class EventServer extends Server implements CustomTransportStrategy {
  override readonly propagatesEventHandlerErrors = true

  constructor(private readonly consumers: ReadonlyMap<ServiceName, EventConsumer>) {
    super()
  }

  override addHandler(type: string, callback: MessageHandler, _isEventHandler?: boolean, extras: { service?: ServiceName } = {}): void {
    const consumer = extras.service === undefined ? undefined : this.consumers.get(extras.service)
    if (consumer === undefined) throw new TypeError(`a handler of ${type} names no service of this process`)
    if (!isEventType(type)) throw new TypeError(`${type} is no type of event`)
    consumer.on([type], async (event, tx) => {
      const result: unknown = await callback(event, new EventContext(event, tx))
      const answer = isObservable(result) ? await lastValueFrom(result, { defaultValue: undefined }) : result
      return answer === 'ignored-stale' ? answer : undefined
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
