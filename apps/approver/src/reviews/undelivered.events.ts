import type { ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent } from '#libs/messaging'
import { Controller } from '@nestjs/common'
import { Ctx, Payload } from '@nestjs/microservices'
import { CloseUndelivered } from './close-undelivered.js'
import { OpenUndelivered } from './open-undelivered.js'

@Controller()
export class UndeliveredEvents {
  constructor(
    private readonly openUndelivered: OpenUndelivered,
    private readonly closeUndelivered: CloseUndelivered,
  ) {}

  @OnEvent('approver', 'hms.notification.undelivered.v1')
  undelivered(@Payload() { data }: ReceivedEvent<'hms.notification.undelivered.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    return this.openUndelivered.execute(tx, data)
  }

  @OnEvent('approver', 'hms.delivery.delivered.v1')
  delivered(
    @Payload() { data: { run, message, channel } }: ReceivedEvent<'hms.delivery.delivered.v1'>,
    @Ctx() { tx }: EventContext,
  ): Promise<void> {
    return this.closeUndelivered.execute(tx, run, { message, channel, isAcknowledged: false })
  }

  @OnEvent('approver', 'hms.delivery.acknowledged.v1')
  acknowledged(
    @Payload() { data: { run, message, channel } }: ReceivedEvent<'hms.delivery.acknowledged.v1'>,
    @Ctx() { tx }: EventContext,
  ): Promise<void> {
    return this.closeUndelivered.execute(tx, run, { message, channel, isAcknowledged: true })
  }
}
