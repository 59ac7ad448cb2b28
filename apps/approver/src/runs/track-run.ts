import { isTerminal, type EventData, type ReceivedEvent } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { endEarly, evolveRun, stateOf } from '#libs/pipeline'
import { ServiceRuntime } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { APPROVALS } from '../approvals/approval.entity.js'
import { becomesLive, newPolicy, POLICIES } from '../policies/policy.entity.js'
import { RUNS, type RunRecord } from './run.entity.js'
import { SaveRun } from './save-run.js'

/** The run as a projection of what its stages say, and the live versions as a projection of what rollout says. */
@Injectable()
export class TrackRun {
  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly saveRun: SaveRun,
  ) {
    runtime.onTimer('run-deadline', (tx, timer) => this.endOverdue(tx, Number(timer.data['run'])))
  }

  async execute(tx: Transaction, event: ReceivedEvent): Promise<void> {
    if (event.type === 'hms.rollout.promoted.v1') await this.promote(tx, event.data as EventData['hms.rollout.promoted.v1'])
    if (event.type === 'hms.rollout.reversed.v1') return this.reverse(tx, event, event.data as EventData['hms.rollout.reversed.v1'])
    const record = event.runId === undefined ? undefined : await tx.documents(RUNS).get(event.runId)
    if (record === undefined) return
    const facts = evolveRun(record.facts, event)
    if (facts !== record.facts) await this.saveRun.execute(tx, { ...record, facts }, event)
  }

  private async promote(tx: Transaction, { run, heads }: EventData['hms.rollout.promoted.v1']): Promise<void> {
    const record = await tx.documents(RUNS).get(String(run))
    const approval = record === undefined ? undefined : await tx.documents(APPROVALS).get(record.approval)
    for (const head of heads) {
      const release = approval?.releases.find((candidate) => candidate.releaseDigest === head.release)
      const policy = (await tx.documents(POLICIES).get(head.policy)) ?? newPolicy(head.policy)
      if (release !== undefined) await tx.documents(POLICIES).put(becomesLive(policy, release, head.seq))
    }
  }

  /** People took a policy back, or a rollout failed: the earlier version is live, and a run that was under way is over. */
  private async reverse(tx: Transaction, event: ReceivedEvent, reversed: EventData['hms.rollout.reversed.v1']): Promise<void> {
    const policy = (await tx.documents(POLICIES).get(reversed.policy)) ?? newPolicy(reversed.policy)
    await tx.documents(POLICIES).put(becomesLive(policy, reversed.to, reversed.seq))
    const record = policy.active === null ? undefined : await tx.documents(RUNS).get(String(policy.active))
    // A run's own stages tell how it ended when it was they who went back.
    if (record === undefined || isTerminal(stateOf(record.facts)) || reversed.run === record.facts.run) return
    await this.abort(tx, record, event, `${reversed.policy} was rolled back to ${reversed.to?.version ?? 'nothing'} by ${reversed.reason}`)
  }

  private async abort(tx: Transaction, record: RunRecord, event: ReceivedEvent, detail: string): Promise<void> {
    const { run, attempt } = record.facts
    const facts = endEarly(record.facts, { state: 'ABORTED', reason: 'ROLLED_BACK', detail, at: tx.now.toISOString() })
    await this.saveRun.execute(tx, { ...record, facts }, event)
    await this.runtime.emit(tx, 'hms.run.decided.v1', { run, attempt, decision: 'abort', reason: detail, by: 'rollback' }, { key: record.key, run, attempt, causationId: event.id })
  }

  private async endOverdue(tx: Transaction, run: number): Promise<void> {
    const record = await tx.documents(RUNS).get(String(run))
    if (record === undefined || isTerminal(stateOf(record.facts))) return
    // Waiting for people has its own expiry.
    if (record.facts.startedAt === undefined) return this.saveRun.scheduleDeadline(tx, record, 0)
    const detail = 'no stage ended this run in time; its policies are free again'
    const facts = endEarly(record.facts, { state: 'FAILED', reason: 'DEADLINE', detail, at: tx.now.toISOString() })
    await this.saveRun.execute(tx, { ...record, facts })
    const { attempt } = record.facts
    await this.runtime.emit(tx, 'hms.run.decided.v1', { run, attempt, decision: 'abort', reason: detail, by: 'deadline' }, { key: record.key, run, attempt })
  }
}
