import type { ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent, type HandlerResult } from '#libs/messaging'
import { Controller } from '@nestjs/common'
import { JudgeAlert } from './judge-alert.js'
import { RunCanary } from './run-canary.js'

@Controller()
export class CanariesEvents {
  constructor(
    private readonly runCanary: RunCanary,
    private readonly judgeAlert: JudgeAlert,
  ) {}

  @OnEvent('canary-controller', 'hms.simulation.passed.v1')
  onSimulationPassed(event: ReceivedEvent<'hms.simulation.passed.v1'>, { tx }: EventContext): Promise<HandlerResult> {
    return this.runCanary.open(tx, event.data, event)
  }

  @OnEvent('canary-controller', 'hms.head.published.v1')
  async onHeadPublished({ data, time }: ReceivedEvent<'hms.head.published.v1'>, { tx }: EventContext): Promise<void> {
    if (data.run !== null) await this.runCanary.shell.input(tx, data.run, { type: 'published', heads: data.heads, at: time })
  }

  @OnEvent('canary-controller', 'hms.coverage.reported.v1')
  async onCoverageReported({ data }: ReceivedEvent<'hms.coverage.reported.v1'>, { tx }: EventContext): Promise<void> {
    if (data.ofRun !== null) await this.runCanary.shell.input(tx, data.ofRun, { type: 'covered', reports: data.reports })
  }

  @OnEvent('canary-controller', 'hms.alert.reported.v1')
  onAlertReported({ data }: ReceivedEvent<'hms.alert.reported.v1'>, { tx }: EventContext): Promise<void> {
    return this.judgeAlert.execute(tx, data)
  }

  @OnEvent('canary-controller', 'hms.rollout.promoted.v1')
  onPromoted({ data }: ReceivedEvent<'hms.rollout.promoted.v1'>, { tx }: EventContext): Promise<void> {
    return this.runCanary.shell.input(tx, data.run, { type: 'promoted' }, data)
  }

  @OnEvent('canary-controller', 'hms.rollout.completed.v1')
  onRolloutCompleted({ data }: ReceivedEvent<'hms.rollout.completed.v1'>, { tx }: EventContext): Promise<void> {
    return this.runCanary.shell.input(tx, data.dossier.run, { type: 'completed' }, data.dossier)
  }

  @OnEvent('canary-controller', 'hms.rollout.failed.v1', 'hms.run.decided.v1')
  onRunEnded({ data }: ReceivedEvent<'hms.rollout.failed.v1' | 'hms.run.decided.v1'>, { tx }: EventContext): Promise<void> {
    return this.runCanary.shell.ended(tx, data)
  }

  @OnEvent('canary-controller', 'hms.freeze.declared.v1', 'hms.freeze.lifted.v1')
  onFreezeChanged({ data }: ReceivedEvent<'hms.freeze.declared.v1' | 'hms.freeze.lifted.v1'>, { tx }: EventContext): Promise<void> {
    return this.runCanary.freezes.save(tx, data.freeze)
  }

  @OnEvent('canary-controller', 'hms.release.logged.v1')
  onReleaseLogged({ data }: ReceivedEvent<'hms.release.logged.v1'>, { tx }: EventContext): Promise<void> {
    return this.runCanary.proven(tx, data)
  }

  @OnEvent('canary-controller', 'hms.run.decision-accepted.v1')
  onDecisionAccepted({ data }: ReceivedEvent<'hms.run.decision-accepted.v1'>, { tx }: EventContext): Promise<void> {
    return this.runCanary.shell.decisionReceived(tx, data, ({ dossier }) => dossier)
  }
}
