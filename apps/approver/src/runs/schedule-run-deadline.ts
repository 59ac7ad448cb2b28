import { policyKey } from '#libs/messaging'
import { timerKind, Timers, type Transaction } from '#libs/persistence'
import { goesOnAt, timeoutFor, stateOf } from '#libs/pipeline'
import { Injectable } from '@nestjs/common'
import { ApproverConfig } from '../approver.config.js'
import type { RunRecord } from './run.table.js'

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
    const until = goesOnAt(record.facts)
    const goesOnInMs = until === undefined ? undefined : Date.parse(until) - tx.now.getTime()
    const ms = timeoutFor(stateOf(record.facts), record.waits, this.config.timeouts, goesOnInMs)
    if (ms === undefined) {
      await this.timers.cancel(tx, deadlineId(run))
      return false
    }
    await this.after(tx, record, ms)
    return true
  }

  /** Gives the stage its full deadline from now, because the cause of the wait `gone` has ended. */
  async onceFree(tx: Transaction, record: RunRecord, gone: string): Promise<void> {
    await this.after(tx, record, this.config.timeouts.stageMs, { gone })
  }

  private async after(tx: Transaction, record: RunRecord, ms: number, more: { gone?: string } = {}): Promise<void> {
    const { run } = record.facts
    const dueAt = new Date(tx.now.getTime() + ms)
    const data = { run, ...more }
    await this.timers.schedule(tx, { id: deadlineId(run), kind: RUN_DEADLINE, keys: keysOfRun(record), data, dueAt })
  }
}

export function deadlineId(run: number): string {
  return `${RUN_DEADLINE}:${run}`
}

export function keysOfRun(record: RunRecord): string[] {
  return record.facts.policies.map(({ id }) => policyKey(id))
}
