import type { ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent, type HandlerResult } from '#libs/messaging'
import { ReleaseProofs } from '#libs/stage'
import { Controller } from '@nestjs/common'
import { Ctx, Payload } from '@nestjs/microservices'
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
  approved(@Payload() event: ReceivedEvent<'hms.approval.approved.v1'>, @Ctx() { tx }: EventContext): Promise<HandlerResult> {
    return this.rollBackSigned.open(tx, event.data.dossier, event)
  }

  /** Opens break-glass runs only: they skip simulation and canary. */
  @OnEvent('rollout', 'hms.lint.passed.v1')
  linted(@Payload() event: ReceivedEvent<'hms.lint.passed.v1'>, @Ctx() { tx }: EventContext): Promise<HandlerResult> {
    return this.openBreakGlass.open(tx, event.data.dossier, event)
  }

  @OnEvent('rollout', 'hms.release.logged.v1')
  async logged(@Payload() { data }: ReceivedEvent<'hms.release.logged.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    await this.proofs.remember(tx, data)
    await this.rollBackSigned.logged(tx, data)
    await this.openBreakGlass.logged(tx, data)
  }

  @OnEvent('rollout', 'hms.run.decided.v1')
  async ended(@Payload() { data }: ReceivedEvent<'hms.run.decided.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    await this.rollBackSigned.drop(tx, data.run)
    await this.openBreakGlass.drop(tx, data.run)
    await this.runRollout.shell.ended(tx, data)
  }

  @OnEvent('rollout', 'hms.canary.passed.v1')
  passed(@Payload() event: ReceivedEvent<'hms.canary.passed.v1'>, @Ctx() { tx }: EventContext): Promise<HandlerResult> {
    return this.runRollout.open(tx, event.data.dossier, event)
  }

  @OnEvent('rollout', 'hms.canary.alarmed.v1')
  alarmed(@Payload() { data }: ReceivedEvent<'hms.canary.alarmed.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    const { run, ...alarm } = data
    return this.runRollout.shell.input(tx, run, { type: 'alarmed', ...alarm })
  }

  @OnEvent('rollout', 'hms.head.published.v1')
  async published(@Payload() { data }: ReceivedEvent<'hms.head.published.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    if (data.run !== null) await this.runRollout.shell.input(tx, data.run, { type: 'published', heads: data.heads })
  }

  @OnEvent('rollout', 'hms.coverage.reported.v1')
  async covered(@Payload() { data }: ReceivedEvent<'hms.coverage.reported.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    if (data.ofRun !== null) await this.runRollout.shell.input(tx, data.ofRun, { type: 'covered', reports: data.reports })
  }

  @OnEvent('rollout', 'hms.freeze.declared.v1', 'hms.freeze.lifted.v1')
  frozen(
    @Payload() { data }: ReceivedEvent<'hms.freeze.declared.v1' | 'hms.freeze.lifted.v1'>,
    @Ctx() { tx }: EventContext,
  ): Promise<void> {
    return this.runRollout.freezes.keep(tx, data.freeze)
  }

  @OnEvent('rollout', 'hms.run.decision-accepted.v1')
  decided(@Payload() { data }: ReceivedEvent<'hms.run.decision-accepted.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    return this.runRollout.shell.asked(tx, data, ({ dossier }) => dossier)
  }
}
