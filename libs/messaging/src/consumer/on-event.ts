import type { ReceivedEvent, ServiceName } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { BaseRpcContext, EventPattern } from '@nestjs/microservices'

/**
 * Marks a controller method as a service's handler of a topic. Its arguments are `@Payload() event: ReceivedEvent` and
 * `@Ctx() context: EventContext`.
 */
export function OnEvent(service: ServiceName, topic: string): MethodDecorator {
  return EventPattern<string>(topic, { service })
}

/** Gives a handler the transaction in which the position of its event moves. */
export class EventContext extends BaseRpcContext<[ReceivedEvent, Transaction]> {
  constructor(event: ReceivedEvent, transaction: Transaction) {
    super([event, transaction])
  }
  get tx(): Transaction {
    return this.args[1]
  }
}
