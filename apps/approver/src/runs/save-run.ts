import { isTerminal, type ReceivedEvent } from '#libs/contracts'
import { policyKey } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { projectRun, stateOf } from '#libs/pipeline'
import { ServiceRuntime } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { POLICIES } from '../policies/policy.entity.js'
import { RUNS, type RunRecord } from './run.entity.js'

/** Beyond observation, bake and the stages' own deadlines: a run that is still open then has lost its stage. */
const DEADLINE_SLACK_MS = 60 * 60 * 1000

/** Stores a run and tells everyone who watches. The one place where a run ends, and where the next in the queue is called. */
@Injectable()
export class SaveRun {
  constructor(private readonly runtime: ServiceRuntime) {}

  async execute(tx: Transaction, record: RunRecord, cause?: ReceivedEvent): Promise<void> {
    const before = await tx.documents(RUNS).get(String(record.facts.run))
    await tx.documents(RUNS).put(record)
    const view = projectRun(record.facts)
    const number = record.facts.run
    await this.runtime.emit(tx, 'hms.run.changed.v1', { view }, { key: String(number), run: number, attempt: view.attempt, causationId: cause?.id, traceparent: cause?.traceparent })
    const ended = isTerminal(view.state)
    if (ended && (before === undefined || !isTerminal(stateOf(before.facts)))) await this.end(tx, record)
    if (before === undefined) await this.scheduleDeadline(tx, record, DEADLINE_SLACK_MS)
    tx.afterCommit(() => this.runtime.signal('runs'))
  }

  /** The run's own deadline, counted anew when its turn comes. */
  async scheduleDeadline(tx: Transaction, record: RunRecord, planMs: number): Promise<void> {
    await this.runtime.schedule(tx, {
      id: deadlineId(record.facts.run),
      kind: 'run-deadline',
      keys: keysOfRun(record),
      data: { run: record.facts.run },
      dueAt: new Date(tx.now.getTime() + planMs + DEADLINE_SLACK_MS),
    })
  }

  private async end(tx: Transaction, record: RunRecord): Promise<void> {
    const number = record.facts.run
    await this.runtime.cancel(tx, deadlineId(number))
    for (const { id } of record.facts.policies) {
      const policy = await tx.documents(POLICIES).get(id)
      if (policy === undefined) continue
      const freed = { ...policy, active: policy.active === number ? null : policy.active, queue: policy.queue.filter((waiting) => waiting !== number) }
      await tx.documents(POLICIES).put(freed)
      const next = freed.queue[0]
      if (freed.active === null && next !== undefined) await this.call(tx, next)
    }
  }

  /** A timer of its own, because the next run may hold policies that this transaction has not locked. */
  private async call(tx: Transaction, next: number): Promise<void> {
    const waiting = await tx.documents(RUNS).get(String(next))
    if (waiting === undefined) return
    await this.runtime.schedule(tx, { id: `queue:${next}`, kind: 'queue', keys: keysOfRun(waiting), data: { run: next }, dueAt: tx.now })
  }
}

export function keysOfRun(record: RunRecord): string[] {
  return record.facts.policies.map(({ id }) => policyKey(id))
}

function deadlineId(run: number): string {
  return `run-deadline:${run}`
}
