import type { ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent } from '#libs/messaging'
import { Controller } from '@nestjs/common'
import { Ctx, Payload } from '@nestjs/microservices'
import { OpenUndelivered } from './open-undelivered.js'

@Controller()
export class UndeliveredEvents {
  constructor(private readonly openUndelivered: OpenUndelivered) {}

  @OnEvent('approver', 'hms.notification.undelivered.v1')
  undelivered(@Payload() { data }: ReceivedEvent<'hms.notification.undelivered.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    return this.openUndelivered.execute(tx, data)
  }
}
