import type { EventData, ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent, type EventAnswer } from '#libs/messaging'
import { Controller } from '@nestjs/common'
import { Ctx, Payload } from '@nestjs/microservices'
import { NotifyPartners } from './notify-partners.js'
import { TellOfReversal } from './tell-of-reversal.js'

@Controller()
export class RolloutEvents {
  constructor(
    private readonly notifyPartners: NotifyPartners,
    private readonly tellOfReversal: TellOfReversal,
  ) {}

  @OnEvent('notifier', 'hms.rollout.v1')
  async handle(@Payload() event: ReceivedEvent, @Ctx() { tx }: EventContext): Promise<EventAnswer> {
    if (event.type === 'hms.rollout.completed.v1') {
      return this.notifyPartners.execute(tx, (event.data as EventData['hms.rollout.completed.v1']).dossier, event)
    }
    if (event.type === 'hms.rollout.reversed.v1') {
      await this.tellOfReversal.execute(tx, event.data as EventData['hms.rollout.reversed.v1'], event)
    }
  }

  /** An abort comes too late for a run that is being told of: it is live for all, and only a rollback takes it back. */
  @OnEvent('notifier', 'hms.run.control.v1')
  async control(): Promise<void> {}
}
