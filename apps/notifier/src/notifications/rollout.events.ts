import type { ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent, type HandlerResult } from '#libs/messaging'
import { Controller } from '@nestjs/common'
import { NotifyPartners } from './notify-partners.js'
import { NotifyReversal } from './notify-reversal.js'

@Controller()
export class RolloutEvents {
  constructor(
    private readonly notifyPartners: NotifyPartners,
    private readonly notifyReversal: NotifyReversal,
  ) {}

  @OnEvent('notifier', 'hms.rollout.completed.v1')
  onCompleted(event: ReceivedEvent<'hms.rollout.completed.v1'>, { tx }: EventContext): Promise<HandlerResult> {
    return this.notifyPartners.open(tx, event.data.dossier, event, event.data.storedAt)
  }

  @OnEvent('notifier', 'hms.rollout.started.v1', 'hms.rollout.delayed.v1')
  async onStartedOrDelayed(event: ReceivedEvent<'hms.rollout.started.v1' | 'hms.rollout.delayed.v1'>, { tx }: EventContext): Promise<void> {
    if (event.data.dossier !== undefined) await this.notifyPartners.foretell(tx, event.data.dossier, event)
  }

  @OnEvent('notifier', 'hms.rollout.held.v1')
  onHeld(event: ReceivedEvent<'hms.rollout.held.v1'>, { tx }: EventContext): Promise<HandlerResult> {
    return this.notifyPartners.announce(tx, event.data.dossier, event)
  }

  @OnEvent('notifier', 'hms.rollout.reversed.v1')
  onReversed(event: ReceivedEvent<'hms.rollout.reversed.v1'>, { tx }: EventContext): Promise<void> {
    return this.notifyReversal.reversed(tx, event.data, event)
  }

  @OnEvent('notifier', 'hms.rollout.withdrawn.v1')
  onWithdrawn(event: ReceivedEvent<'hms.rollout.withdrawn.v1'>, { tx }: EventContext): Promise<void> {
    return this.notifyReversal.withdrawn(tx, event.data, event)
  }

  /** Ends the stage of an announced run, so no further message follows. Has no effect on a run that is live for all. */
  @OnEvent('notifier', 'hms.rollout.failed.v1', 'hms.run.decided.v1')
  async onRunEnded(event: ReceivedEvent<'hms.rollout.failed.v1' | 'hms.run.decided.v1'>, { tx }: EventContext): Promise<void> {
    await this.notifyReversal.ended(tx, event.data, event)
    await this.notifyPartners.shell.ended(tx, event.data)
  }

  /** Notifies partners that got the announcement if rollout publishes no event of the end. */
  @OnEvent('notifier', 'hms.run.decision-applied.v1', 'hms.stage.timed-out.v1', 'hms.run.poisoned.v1')
  async onRunCutOff(
    event: ReceivedEvent<'hms.run.decision-applied.v1' | 'hms.stage.timed-out.v1' | 'hms.run.poisoned.v1'>,
    { tx }: EventContext,
  ): Promise<void> {
    const isEnd = !('decision' in event.data) || event.data.decision === 'abort' || event.data.decision === 'supersede'
    if (isEnd) await this.notifyReversal.ended(tx, event.data, event)
  }

  /** Ignores decisions: approver refuses them in NOTIFYING, when only a rollback reverts a run. */
  @OnEvent('notifier', 'hms.run.decision-accepted.v1')
  async onDecisionAccepted(): Promise<void> {}
}
