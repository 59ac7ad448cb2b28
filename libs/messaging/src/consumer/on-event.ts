import type { EventType, ReceivedEvent, ServiceName, VerifiedEvent } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { BaseRpcContext, EventPattern } from '@nestjs/microservices'
import type { EventAnswer } from './event-routes.js'

export type HandlerMethod<T extends EventType> = (event: ReceivedEvent<T>, context: EventContext) => Promise<EventAnswer>
type HandlerDecorator<T extends EventType> = <M extends HandlerMethod<T>>(
  target: object,
  name: string | symbol,
  method: TypedPropertyDescriptor<M>,
) => void

/**
 * Marks a controller method as a service's handler of these event types. Its arguments are `@Payload() event: ReceivedEvent<TYPE>` and
 * `@Ctx() context: EventContext`.
 */
export function OnEvent<T extends EventType>(service: ServiceName, ...types: T[]): HandlerDecorator<T> {
  return EventPattern<string[]>(types, { service })
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
