import type { ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent, type HandlerResult } from '#libs/messaging'
import { ReleaseProofs } from '#libs/stage'
import { Controller } from '@nestjs/common'
import { OpenBreakGlass } from './break-glass/open-break-glass.js'
import { RunRollout } from './rollouts/run-rollout.js'
import { RollBackSigned } from './signed-rollbacks/roll-back-signed.js'

/** Handles the events of every kind of run: through the stages, signed rollback, and break-glass. */
@Controller()
export class RolloutEvents {
  constructor(
    private readonly proofs: ReleaseProofs,
    private readonly rollBackSigned: RollBackSigned,
    private readonly openBreakGlass: OpenBreakGlass,
    private readonly runRollout: RunRollout,
  ) {}

  @OnEvent('rollout', 'hms.approval.approved.v1')
  onApproved(event: ReceivedEvent<'hms.approval.approved.v1'>, { tx }: EventContext): Promise<HandlerResult> {
    return this.rollBackSigned.open(tx, event.data.dossier, event)
  }

  /** Opens break-glass runs only: they skip simulation and canary. */
  @OnEvent('rollout', 'hms.lint.passed.v1')
  onLintPassed(event: ReceivedEvent<'hms.lint.passed.v1'>, { tx }: EventContext): Promise<HandlerResult> {
    return this.openBreakGlass.open(tx, event.data.dossier, event)
  }

  @OnEvent('rollout', 'hms.release.logged.v1')
  async onReleaseLogged({ data }: ReceivedEvent<'hms.release.logged.v1'>, { tx }: EventContext): Promise<void> {
    await this.proofs.store(tx, data)
    await this.rollBackSigned.approvalLogged(tx, data)
    await this.openBreakGlass.approvalLogged(tx, data)
  }

  @OnEvent('rollout', 'hms.run.decided.v1')
  async onRunEnded({ data }: ReceivedEvent<'hms.run.decided.v1'>, { tx }: EventContext): Promise<void> {
    await this.rollBackSigned.discard(tx, data.run)
    await this.openBreakGlass.discard(tx, data.run)
    await this.runRollout.shell.ended(tx, data)
  }

  @OnEvent('rollout', 'hms.canary.passed.v1')
  onCanaryPassed(event: ReceivedEvent<'hms.canary.passed.v1'>, { tx }: EventContext): Promise<HandlerResult> {
    return this.runRollout.open(tx, event.data.dossier, event)
  }

  @OnEvent('rollout', 'hms.canary.alarmed.v1')
  onCanaryAlarmed({ data }: ReceivedEvent<'hms.canary.alarmed.v1'>, { tx }: EventContext): Promise<void> {
    const { run, ...alarm } = data
    return this.runRollout.shell.input(tx, run, { type: 'alarmed', ...alarm })
  }

  @OnEvent('rollout', 'hms.head.published.v1')
  async onHeadPublished({ data }: ReceivedEvent<'hms.head.published.v1'>, { tx }: EventContext): Promise<void> {
    if (data.run !== null) await this.runRollout.shell.input(tx, data.run, { type: 'published', heads: data.heads })
  }

  @OnEvent('rollout', 'hms.coverage.reported.v1')
  async onCoverageReported({ data }: ReceivedEvent<'hms.coverage.reported.v1'>, { tx }: EventContext): Promise<void> {
    if (data.ofRun !== null) await this.runRollout.shell.input(tx, data.ofRun, { type: 'covered', reports: data.reports })
  }

  @OnEvent('rollout', 'hms.freeze.declared.v1', 'hms.freeze.lifted.v1')
  onFreezeChanged({ data }: ReceivedEvent<'hms.freeze.declared.v1' | 'hms.freeze.lifted.v1'>, { tx }: EventContext): Promise<void> {
    return this.runRollout.freezes.save(tx, data.freeze)
  }

  @OnEvent('rollout', 'hms.run.decision-accepted.v1')
  onDecisionAccepted({ data }: ReceivedEvent<'hms.run.decision-accepted.v1'>, { tx }: EventContext): Promise<void> {
    return this.runRollout.shell.decisionReceived(tx, data, ({ dossier }) => dossier)
  }
}
