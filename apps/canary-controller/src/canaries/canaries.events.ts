import type { EventData, ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent, type EventAnswer } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
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

  @OnEvent('canary-controller', 'hms.simulation.v1')
  async simulated(@Payload() event: ReceivedEvent, @Ctx() { tx }: EventContext): Promise<EventAnswer> {
    if (event.type === 'hms.simulation.passed.v1')
      return this.runCanary.open(tx, event.data as EventData['hms.simulation.passed.v1'], event)
  }

  @OnEvent('canary-controller', 'hms.config.published.v1')
  async published(@Payload() event: ReceivedEvent, @Ctx() { tx }: EventContext): Promise<void> {
    if (event.type === 'hms.head.published.v1') await this.runCanary.published(tx, event.data as EventData['hms.head.published.v1'])
  }

  @OnEvent('canary-controller', 'hms.config.coverage.v1')
  async covered(@Payload() event: ReceivedEvent, @Ctx() { tx }: EventContext): Promise<void> {
    if (event.type === 'hms.coverage.reported.v1') await this.runCanary.covered(tx, event.data as EventData['hms.coverage.reported.v1'])
  }

  @OnEvent('canary-controller', 'hms.bot.alert.v1')
  async alerted(@Payload() event: ReceivedEvent, @Ctx() { tx }: EventContext): Promise<void> {
    if (event.type === 'hms.alert.reported.v1') await this.judgeAlert.execute(tx, event.data as EventData['hms.alert.reported.v1'])
  }

  @OnEvent('canary-controller', 'hms.rollout.v1')
  async rolledOut(@Payload() event: ReceivedEvent, @Ctx() { tx }: EventContext): Promise<void> {
    if (event.type === 'hms.rollout.promoted.v1')
      await this.runCanary.promoted(tx, (event.data as EventData['hms.rollout.promoted.v1']).run)
    if (event.type === 'hms.rollout.completed.v1')
      await this.runCanary.completed(tx, (event.data as EventData['hms.rollout.completed.v1']).dossier.run)
    if (event.type === 'hms.rollout.failed.v1') await this.abort(tx, event.data as EventData['hms.rollout.failed.v1'])
  }

  @OnEvent('canary-controller', 'hms.audit.v1')
  async logged(@Payload() event: ReceivedEvent, @Ctx() { tx }: EventContext): Promise<void> {
    if (event.type === 'hms.release.logged.v1') await this.runCanary.proven(tx, event.data as EventData['hms.release.logged.v1'])
  }

  @OnEvent('canary-controller', 'hms.run.control.v1')
  async decided(@Payload() event: ReceivedEvent, @Ctx() { tx }: EventContext): Promise<void> {
    if (event.type === 'hms.run.decided.v1') await this.abort(tx, event.data as EventData['hms.run.decided.v1'])
    if (event.type === 'hms.run.decision-accepted.v1')
      await this.decideCanary.execute(tx, event.data as EventData['hms.run.decision-accepted.v1'])
  }

  private abort(tx: Transaction, { run, attempt }: { run: number; attempt: number }): Promise<void> {
    return this.runCanary.abort(tx, run, attempt)
  }
}
