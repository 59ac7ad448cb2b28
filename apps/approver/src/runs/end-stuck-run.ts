import { isTerminal } from '#libs/contracts'
import { Timers, type TimerKind, type Transaction } from '#libs/persistence'
import { stateOf } from '#libs/pipeline'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { APPROVAL_EXPIRY, approvalExpiryId, APPROVALS } from './approval.table.js'
import { EndRun } from './end-run.js'
import { RUNS } from './run.table.js'
import { APPROVAL_MOVED, QUEUE } from './save-run.js'
import { RUN_DEADLINE } from './schedule-run-deadline.js'

/** Ends a run whose timer in approver was abandoned. Stages report a poisoned run; approver, which is no stage, ends it here. */
@Injectable()
export class EndStuckRun implements OnModuleInit {
  constructor(
    private readonly timers: Timers,
    private readonly endRun: EndRun,
  ) {}

  onModuleInit(): void {
    const kinds: TimerKind<{ run: number }>[] = [QUEUE, RUN_DEADLINE, APPROVAL_EXPIRY, APPROVAL_MOVED]
    for (const kind of kinds) {
      this.timers.onGivenUp(kind, (tx, { data }, detail) => this.execute(tx, data.run, detail))
    }
  }

  /** The timer's keys are those of the run. */
  async execute(tx: Transaction, run: number, detail: string): Promise<void> {
    const record = await tx.documents(RUNS).get(String(run))
    if (record === undefined || isTerminal(stateOf(record.facts))) return
    const approval = await tx.documents(APPROVALS).get(record.approval)
    if (approval?.state === 'waiting') {
      await this.timers.cancel(tx, approvalExpiryId(approval.digest))
      await tx.documents(APPROVALS).put({ ...approval, state: 'stale' })
    }
    await this.endRun.execute(tx, record, { state: 'FAILED', reason: 'POISONED', detail }, 'poison')
  }
}
