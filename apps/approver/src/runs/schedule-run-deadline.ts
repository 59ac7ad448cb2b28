import { policyKey } from '#libs/messaging'
import { timerKind, Timers, type Transaction } from '#libs/persistence'
import { resumesAt, timeoutFor, stateOf } from '#libs/pipeline'
import { Injectable } from '@nestjs/common'
import { ApproverConfig } from '../approver.config.js'
import type { RunRecord } from './run.table.js'

/** `gone`: description of the wait whose cause had ended when the timer was scheduled. */
export const RUN_DEADLINE = timerKind<{ run: number; gone?: string }>('run-deadline')

/** Deadline timer of every open run. Each change of state reschedules it, so no silent stage can block a run forever. */
@Injectable()
export class ScheduleRunDeadline {
  constructor(
    private readonly timers: Timers,
    private readonly config: ApproverConfig,
  ) {}

  /** Reschedules the deadline after a change of state or time. For an ended run it cancels the timer and returns `false`. */
  async execute(tx: Transaction, record: RunRecord): Promise<boolean> {
    const { run } = record.facts
    const until = resumesAt(record.facts)
    const resumesInMs = until === undefined ? undefined : Date.parse(until) - tx.now.getTime()
    const ms = timeoutFor(stateOf(record.facts), record.waits, this.config.timeouts, resumesInMs)
    if (ms === undefined) {
      await this.timers.cancel(tx, deadlineId(run))
      return false
    }
    await this.schedule(tx, record, ms)
    return true
  }

  /** Restarts the stage timeout, because the cause of the run's wait has ended. `endedWait`: description of that wait. */
  async restartAfterWait(tx: Transaction, record: RunRecord, endedWait: string): Promise<void> {
    await this.schedule(tx, record, this.config.timeouts.stageMs, { gone: endedWait })
  }

  private async schedule(tx: Transaction, record: RunRecord, ms: number, extraData: { gone?: string } = {}): Promise<void> {
    const { run } = record.facts
    const dueAt = new Date(tx.now.getTime() + ms)
    const data = { run, ...extraData }
    await this.timers.schedule(tx, { id: deadlineId(run), kind: RUN_DEADLINE, keys: keysOfRun(record), data, dueAt })
  }
}

export function deadlineId(run: number): string {
  return `${RUN_DEADLINE}:${run}`
}

export function keysOfRun(record: RunRecord): string[] {
  return record.facts.policies.map(({ id }) => policyKey(id))
}
