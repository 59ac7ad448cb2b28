import type { ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent, type EventAnswer } from '#libs/messaging'
import { Controller } from '@nestjs/common'
import { Ctx, Payload } from '@nestjs/microservices'
import { DecideCanary } from './decide-canary.js'
import { JudgeAlert } from './judge-alert.js'
import { RunCanary } from './run-canary.js'

@Controller()
export class CanariesEvents {
  constructor(
    private readonly runCanary: RunCanary,
    private readonly judgeAlert: JudgeAlert,
    private readonly decideCanary: DecideCanary,
  ) {}

  @OnEvent('canary-controller', 'hms.simulation.passed.v1')
  simulated(@Payload() event: ReceivedEvent<'hms.simulation.passed.v1'>, @Ctx() { tx }: EventContext): Promise<EventAnswer> {
    return this.runCanary.open(tx, event.data, event)
  }

  @OnEvent('canary-controller', 'hms.head.published.v1')
  published(@Payload() { data }: ReceivedEvent<'hms.head.published.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    return this.runCanary.published(tx, data)
  }

  @OnEvent('canary-controller', 'hms.coverage.reported.v1')
  covered(@Payload() { data }: ReceivedEvent<'hms.coverage.reported.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    return this.runCanary.covered(tx, data)
  }

  @OnEvent('canary-controller', 'hms.alert.reported.v1')
  alerted(@Payload() { data }: ReceivedEvent<'hms.alert.reported.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    return this.judgeAlert.execute(tx, data)
  }

  @OnEvent('canary-controller', 'hms.rollout.promoted.v1')
  promoted(@Payload() { data }: ReceivedEvent<'hms.rollout.promoted.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    return this.runCanary.promoted(tx, data.run)
  }

  @OnEvent('canary-controller', 'hms.rollout.completed.v1')
  rolledOut(@Payload() { data }: ReceivedEvent<'hms.rollout.completed.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    return this.runCanary.completed(tx, data.dossier.run)
  }

  @OnEvent('canary-controller', 'hms.rollout.failed.v1', 'hms.run.decided.v1')
  aborted(@Payload() { data }: ReceivedEvent<'hms.rollout.failed.v1' | 'hms.run.decided.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    return this.runCanary.abort(tx, data.run, data.attempt)
  }

  @OnEvent('canary-controller', 'hms.release.logged.v1')
  logged(@Payload() { data }: ReceivedEvent<'hms.release.logged.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    return this.runCanary.proven(tx, data)
  }

  @OnEvent('canary-controller', 'hms.run.decision-accepted.v1')
  decided(@Payload() { data }: ReceivedEvent<'hms.run.decision-accepted.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    return this.decideCanary.execute(tx, data)
  }
}
