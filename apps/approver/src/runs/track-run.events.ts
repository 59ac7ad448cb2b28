import type { ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent, type EventAnswer } from '#libs/messaging'
import { Controller } from '@nestjs/common'
import { Ctx, Payload } from '@nestjs/microservices'
import { TrackRun } from './track-run.js'

@Controller()
export class TrackRunEvents {
  constructor(private readonly trackRun: TrackRun) {}

  @OnEvent('approver', 'hms.lint.v1')
  lint(@Payload() event: ReceivedEvent, @Ctx() { tx }: EventContext): Promise<EventAnswer> {
    return this.trackRun.execute(tx, event)
  }

  @OnEvent('approver', 'hms.simulation.v1')
  simulation(@Payload() event: ReceivedEvent, @Ctx() { tx }: EventContext): Promise<EventAnswer> {
    return this.trackRun.execute(tx, event)
  }

  @OnEvent('approver', 'hms.canary.v1')
  canary(@Payload() event: ReceivedEvent, @Ctx() { tx }: EventContext): Promise<EventAnswer> {
    return this.trackRun.execute(tx, event)
  }

  @OnEvent('approver', 'hms.rollout.v1')
  rollout(@Payload() event: ReceivedEvent, @Ctx() { tx }: EventContext): Promise<EventAnswer> {
    return this.trackRun.execute(tx, event)
  }

  @OnEvent('approver', 'hms.notification.v1')
  notification(@Payload() event: ReceivedEvent, @Ctx() { tx }: EventContext): Promise<EventAnswer> {
    return this.trackRun.execute(tx, event)
  }
}
