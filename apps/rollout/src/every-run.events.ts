import type { ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent, type EventAnswer } from '#libs/messaging'
import { ReleaseProofs } from '#libs/stage'
import { Controller } from '@nestjs/common'
import { Ctx, Payload } from '@nestjs/microservices'
import { OpenBreakGlass } from './break-glass/open-break-glass.js'
import { RunRollout } from './rollouts/run-rollout.js'
import { RollBackSigned } from './signed-rollbacks/roll-back-signed.js'

/** Handles events of every kind of run: through the stages, signed rollback, and break-glass. */
@Controller()
export class EveryRunEvents {
  constructor(
    private readonly proofs: ReleaseProofs,
    private readonly rollBackSigned: RollBackSigned,
    private readonly openBreakGlass: OpenBreakGlass,
    private readonly runRollout: RunRollout,
  ) {}

  @OnEvent('rollout', 'hms.approval.approved.v1')
  approved(@Payload() event: ReceivedEvent<'hms.approval.approved.v1'>, @Ctx() { tx }: EventContext): Promise<EventAnswer> {
    return this.rollBackSigned.open(tx, event.data.dossier, event)
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
}
