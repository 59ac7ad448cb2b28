import type { EventData, ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent, type EventAnswer } from '#libs/messaging'
import { Controller } from '@nestjs/common'
import { Ctx, Payload } from '@nestjs/microservices'
import { DecideRollout } from './decide-rollout.js'
import { RunRollout } from './run-rollout.js'

@Controller()
export class RolloutsEvents {
  constructor(
    private readonly runRollout: RunRollout,
    private readonly decideRollout: DecideRollout,
  ) {}

  @OnEvent('rollout', 'hms.canary.v1')
  async canary(@Payload() event: ReceivedEvent, @Ctx() { tx }: EventContext): Promise<EventAnswer> {
    if (event.type === 'hms.canary.alarmed.v1') return this.runRollout.alarmed(tx, event.data as EventData['hms.canary.alarmed.v1'])
    if (event.type !== 'hms.canary.passed.v1') return
    return this.runRollout.open(tx, (event.data as EventData['hms.canary.passed.v1']).dossier, event)
  }

  @OnEvent('rollout', 'hms.config.published.v1')
  async published(@Payload() event: ReceivedEvent, @Ctx() { tx }: EventContext): Promise<void> {
    if (event.type === 'hms.head.published.v1') await this.runRollout.published(tx, event.data as EventData['hms.head.published.v1'])
  }

  @OnEvent('rollout', 'hms.config.coverage.v1')
  async covered(@Payload() event: ReceivedEvent, @Ctx() { tx }: EventContext): Promise<void> {
    if (event.type === 'hms.coverage.reported.v1') await this.runRollout.covered(tx, event.data as EventData['hms.coverage.reported.v1'])
  }

  @OnEvent('rollout', 'hms.run.control.v1')
  async decided(@Payload() event: ReceivedEvent, @Ctx() { tx }: EventContext): Promise<void> {
    if (event.type === 'hms.run.decided.v1') await this.runRollout.decided(tx, event.data as EventData['hms.run.decided.v1'])
    if (event.type === 'hms.run.decision-accepted.v1')
      await this.decideRollout.execute(tx, event.data as EventData['hms.run.decision-accepted.v1'])
  }
}
