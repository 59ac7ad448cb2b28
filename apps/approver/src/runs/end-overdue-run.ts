import { Outbox } from '#libs/messaging'
import { type TimerKind, Timers, type Transaction } from '#libs/persistence'
import { stageAwaited, stateOf, timedWait, waitingStage } from '#libs/pipeline'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { EndRun } from './end-run.js'
import { describeWait, isHeldUp } from './is-held-up.js'
import { QueueRun } from './queue-run.js'
import { runOf, type RunRecord } from './run.table.js'
import { RUN_DEADLINE, ScheduleRunDeadline } from './schedule-run-deadline.js'
import { isTerminal } from '#libs/contracts'
import { APPROVAL_EXPIRY, APPROVALS, closeApproval } from './approval.table.js'
import { APPROVAL_MOVED, QUEUE } from './save-run.js'

/** Handles the deadline of a run: its stage never responded, no person decided, or its turn was lost; and its abandoned timers. */
@Injectable()
export class EndOverdueRun implements OnModuleInit {
  constructor(
    private readonly outbox: Outbox,
    private readonly timers: Timers,
    private readonly endRun: EndRun,
    private readonly queueRun: QueueRun,
    private readonly scheduleRunDeadline: ScheduleRunDeadline,
  ) {}

  onModuleInit(): void {
    this.timers.on(RUN_DEADLINE, (tx, { data }) => this.execute(tx, data.run, data.gone))
    const kinds: TimerKind<{ run: number }>[] = [QUEUE, RUN_DEADLINE, APPROVAL_EXPIRY, APPROVAL_MOVED]
    for (const kind of kinds) this.timers.onGivenUp(kind, (tx, { data }, detail) => this.endStuck(tx, data.run, detail))
  }

  /** `gone`: what the run waited for at the last check, if it no longer exists; its stage has had its time since. */
  async execute(tx: Transaction, run: number, gone?: string): Promise<void> {
    const record = await runOf(tx, run)
    if (record === undefined) return
    const state = stateOf(record.facts)
    const stage = stageAwaited(state) ?? timedWait(record.facts)?.stage
    if (stage !== undefined) return this.timeOut(tx, record, stage)
    if (state === 'PAUSED') {
      const detail = 'no decision on the paused run in time'
      return this.endRun.execute(tx, record, { state: 'ABORTED', reason: 'PAUSE_EXPIRED', detail }, 'deadline')
    }
    const waiting = state === 'WAITING' ? waitingStage(record.facts) : undefined
    if (waiting !== undefined && !(await isHeldUp(tx, record))) {
      const wait = describeWait(record.facts.stages[waiting]!)
      return gone === wait ? this.timeOut(tx, record, waiting) : this.scheduleRunDeadline.onceFree(tx, record, wait)
    }
    // Schedules the next check first, because the call may end the run: a run that starts is watched from its start.
    await this.scheduleRunDeadline.execute(tx, record)
    await this.queueRun.callAgain(tx, run)
  }

  private async timeOut(tx: Transaction, record: RunRecord, stage: NonNullable<ReturnType<typeof stageAwaited>>): Promise<void> {
    const { run, attempt } = record.facts
    const detail = `${stage} did not answer in time; the run was ended and its policies are free again`
    await this.outbox.emit(tx, 'hms.stage.timed-out.v1', { run, attempt, stage, detail }, { key: record.key, run, attempt })
    await this.endRun.execute(tx, record, { state: 'FAILED', reason: 'STAGE_TIMED_OUT', detail }, 'deadline')
  }

  /** Ends a run whose timer in approver was abandoned. Stages report a poisoned run; approver, which is no stage, ends it here. */
  private async endStuck(tx: Transaction, run: number, detail: string): Promise<void> {
    // The timer's keys are those of the run.
    const record = await runOf(tx, run)
    if (record === undefined || isTerminal(stateOf(record.facts))) return
    const approval = await tx.documents(APPROVALS).get(record.approval)
    if (approval?.state === 'waiting') await closeApproval(tx, this.timers, approval, 'stale')
    await this.endRun.execute(tx, record, { state: 'FAILED', reason: 'POISONED', detail }, 'poison')
  }
}
