import type { ReceivedEvent } from '#libs/contracts'
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

  @OnEvent('rollout', 'hms.canary.passed.v1')
  passed(@Payload() event: ReceivedEvent<'hms.canary.passed.v1'>, @Ctx() { tx }: EventContext): Promise<EventAnswer> {
    return this.runRollout.open(tx, event.data.dossier, event)
  }

  @OnEvent('rollout', 'hms.canary.alarmed.v1')
  alarmed(@Payload() { data }: ReceivedEvent<'hms.canary.alarmed.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    return this.runRollout.alarmed(tx, data)
  }

  @OnEvent('rollout', 'hms.head.published.v1')
  published(@Payload() { data }: ReceivedEvent<'hms.head.published.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    return this.runRollout.published(tx, data)
  }

  @OnEvent('rollout', 'hms.coverage.reported.v1')
  covered(@Payload() { data }: ReceivedEvent<'hms.coverage.reported.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    return this.runRollout.covered(tx, data)
  }

  @OnEvent('rollout', 'hms.run.decided.v1')
  ended(@Payload() { data }: ReceivedEvent<'hms.run.decided.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    return this.runRollout.decided(tx, data)
  }

  @OnEvent('rollout', 'hms.run.decision-accepted.v1')
  decided(@Payload() { data }: ReceivedEvent<'hms.run.decision-accepted.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    return this.decideRollout.execute(tx, data)
  }
}
