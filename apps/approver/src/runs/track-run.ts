import { type EventData, type EventType, isTerminal, type ReceivedEvent, type RunState } from '#libs/contracts'
import { policyKey, type HandlerResult } from '#libs/messaging'
import { lockedDocument, type Transaction } from '#libs/persistence'
import { evolveRun, isOfOlderAttempt, isSupersedable, RUN_EVENTS, stateOf } from '#libs/pipeline'
import { Injectable } from '@nestjs/common'
import { approvalOfRun, APPROVALS } from './approval.table.js'
import { withIssuedRelease, withoutScheduled, POLICIES, policyOrNew, type PolicyRecord } from '../policies/policy.table.js'
import { quarantine } from '../policies/quarantine.js'
import { recordReleased } from '../policies/policy-version.table.js'
import { EndRun } from './end-run.js'
import { QueueRun } from './queue-run.js'
import { runOf, type RunRecord, RUNS } from './run.table.js'
import { SaveRun } from './save-run.js'
import { keysOfRun } from './schedule-run-deadline.js'

export const TRACKED_EVENTS = [...RUN_EVENTS, 'hms.rollout.promoted.v1', 'hms.rollout.withdrawn.v1'] as const
export type TrackedEvent = (typeof TRACKED_EVENTS)[number]

/** Whether a run in this state is already live for all, or has ended. */
function isSettled(state: RunState): boolean {
  return state === 'NOTIFYING' || isTerminal(state)
}

/**
 * Ends runs in progress as SUPERSEDED by a break-glass run. Once it has passed lint, before its heads are issued, ends runs that have
 * reached at most their canary; once its heads are stored, ends runs that are rolling out to all, without rolling back first.
 */
@Injectable()
export class TakeOver {
  constructor(private readonly endRun: EndRun) {}

  /** Called when lint of `record` has passed, with its policies locked. Does nothing unless `record` is a break-glass run. */
  endCanaries(tx: Transaction, record: RunRecord, cause: ReceivedEvent): Promise<void> {
    return this.execute(tx, record, cause, ({ facts }) => facts.isRollback !== true && isSupersedable(facts, false))
  }

  /** Called when the heads of `record` are stored, with its policies locked. Does nothing unless `record` is a break-glass run. */
  endAll(tx: Transaction, record: RunRecord, cause: ReceivedEvent): Promise<void> {
    return this.execute(tx, record, cause, ({ facts }) => !isSettled(stateOf(facts)))
  }

  private async execute(
    tx: Transaction,
    { facts }: RunRecord,
    cause: ReceivedEvent,
    isEnded: (older: RunRecord) => boolean,
  ): Promise<void> {
    const { run, policies, breakGlass } = facts
    if (breakGlass === undefined || isTerminal(stateOf(facts))) return
    for (const { id } of policies) {
      const active = (await tx.documents(POLICIES).get(id))?.active ?? null
      if (active === run) continue
      const older = active === null ? undefined : await lockedDocument(tx, RUNS, String(active), keysOfRun)
      const isEnding = older !== undefined && isEnded(older)
      if (!isEnding && older !== undefined && !isSettled(stateOf(older.facts))) continue
      const policy = (await tx.documents(POLICIES).get(id))!
      await tx.documents(POLICIES).put({ ...policy, active: run })
      if (!isEnding) continue
      const detail = `by break-glass in run #${run}: ${breakGlass.reason}`
      await this.endRun.execute(tx, older, { state: 'SUPERSEDED', reason: 'BREAK_GLASS', detail, by: run }, 'break-glass', cause)
    }
  }
}

/** Projects the run from the events of its stages, and the live versions from the events of rollout. */
@Injectable()
export class TrackRun {
  constructor(
    private readonly saveRun: SaveRun,
    private readonly endRun: EndRun,
    private readonly queueRun: QueueRun,
    private readonly takeOver: TakeOver,
  ) {}

  async execute(tx: Transaction, event: ReceivedEvent<TrackedEvent>): Promise<HandlerResult> {
    // A bundle is one aggregate. The event has locked only the policy of its key; the following steps change all policies of the run.
    const record = event.runId === undefined ? undefined : await lockedDocument(tx, RUNS, event.runId, keysOfRun)
    if (event.type === 'hms.rollout.promoted.v1') await this.promote(tx, event.data)
    if (event.type === 'hms.rollout.reversed.v1') await this.reverse(tx, event)
    if (event.type === 'hms.rollout.withdrawn.v1') return this.withdraw(tx, event)
    if (record === undefined) return
    if (isOfOlderAttempt(record.facts, event)) return 'ignored-stale'
    if (event.type === 'hms.rollout.promoted.v1') return this.takeOver.endAll(tx, record, event)
    const facts = evolveRun(record.facts, event)
    if (facts === record.facts) return
    // The stage has released the older attempt, and nothing has ended the run meanwhile.
    if (facts.attempt > record.facts.attempt && !isTerminal(stateOf(facts))) return this.retry(tx, { ...record, facts })
    await this.saveRun.execute(tx, { ...record, facts }, event, record)
    // guard: break-glass-ends-canaries-first
    if (event.type === 'hms.lint.passed.v1') await this.takeOver.endCanaries(tx, { ...record, facts }, event)
    const by = CAUSES[event.type]
    if (by !== undefined && facts.endedEarly !== undefined && !isTerminal(stateOf(record.facts)) && isTerminal(stateOf(facts)))
      await this.endRun.releaseRun(tx, record, facts.endedEarly.detail, by, event)
  }

  private async retry(tx: Transaction, record: RunRecord): Promise<void> {
    const approval = (await tx.documents(APPROVALS).get(record.approval))!
    await this.queueRun.execute(tx, record, approval)
  }

  private async promote(tx: Transaction, { run, heads }: EventData['hms.rollout.promoted.v1']): Promise<void> {
    const approval = await approvalOfRun(tx, run)
    for (const head of heads) {
      const release = approval?.releases.find((candidate) => candidate.releaseDigest === head.release)
      const policy = await policyOrNew(tx, head.policy)
      if (release !== undefined) await this.move(tx, policy, withIssuedRelease(policy, release, head.seq, tx.now))
    }
  }

  private async move(tx: Transaction, before: PolicyRecord, policy: PolicyRecord): Promise<void> {
    if (policy !== before) await recordReleased(tx, before)
    await tx.documents(POLICIES).put(policy)
    await this.saveRun.scheduleWaiting(tx, policy)
  }

  /** Handles a rollback by people or of a failed rollout: makes the earlier release live again and ends the run in progress. */
  private async reverse(tx: Transaction, event: ReceivedEvent<'hms.rollout.reversed.v1'>): Promise<void> {
    const reversed = event.data
    // Events of a bundle have its smallest policy as key, so the policy itself is locked here.
    await tx.lock([policyKey(reversed.policy)])
    const policy = await policyOrNew(tx, reversed.policy)
    if (reversed.replacedBy !== undefined) return this.drop(tx, policy, reversed) // guard: dropped-by-approver
    const updated = withIssuedRelease(policy, reversed.to, reversed.seq, tx.now)
    // The event is outdated: later runs continue.
    if (updated === policy) return // guard: old-reversal-ends-nothing
    const reverted = (await this.isByPeople(tx, reversed.run)) ? [reversed.from, reversed.inForce] : []
    for (const ref of reverted) if (ref !== undefined) await quarantine(tx, policy.id, ref.version, reversed.run, reversed.seq)
    await this.move(tx, policy, updated)
    // If the run's own stages rolled back, they report its end.
    if (policy.active === reversed.run) return
    const detail = `${reversed.policy} was rolled back to ${reversed.to?.version ?? 'nothing'} by ${reversed.reason}`
    await this.endActive(tx, policy, { state: 'ABORTED', reason: 'ROLLED_BACK', detail }, 'rollback', event)
  }

  /** Handles the replacement of a held release before another run's promotion. Ends no run and quarantines no version. */
  private async drop(tx: Transaction, policy: PolicyRecord, { from, seq }: EventData['hms.rollout.reversed.v1']): Promise<void> {
    const dropped = withoutScheduled(policy, from.digest, seq)
    if (dropped === policy) return
    await tx.documents(POLICIES).put(dropped)
    await this.saveRun.scheduleWaiting(tx, dropped)
  }

  /** Whether people rolled back, with or without a run. Versions of a run that rolls itself back are quarantined at its end. */
  private async isByPeople(tx: Transaction, run: number | null): Promise<boolean> {
    const record = await runOf(tx, run)
    return record === undefined || record.facts.isRollback === true
  }

  /** Handles a withdrawn policy: no release is live, so releases that would have replaced the withdrawn one have no predecessor. */
  private async withdraw(tx: Transaction, event: ReceivedEvent<'hms.rollout.withdrawn.v1'>): Promise<void> {
    const { policy: id, from, seq, by, reason } = event.data
    const policy = await policyOrNew(tx, id)
    const retired = withIssuedRelease(policy, null, seq, tx.now)
    if (retired === policy) return
    await quarantine(tx, id, from.version, null, seq)
    await this.move(tx, policy, { ...retired, withdrawn: from.version })
    const detail = `${id} was withdrawn by ${by.join(', ')}: ${reason}`
    await this.endActive(tx, policy, { state: 'ABORTED', reason: 'WITHDRAWN', detail }, 'withdrawal', event)
  }

  private async endActive(
    tx: Transaction,
    { active }: PolicyRecord,
    end: Parameters<EndRun['execute']>[2],
    by: string,
    cause: ReceivedEvent,
  ): Promise<void> {
    const record = active === null ? undefined : await lockedDocument(tx, RUNS, String(active), keysOfRun)
    if (record !== undefined && !isTerminal(stateOf(record.facts))) await this.endRun.execute(tx, record, end, by, cause)
  }
}

/** Causes reported for events of one stage that end a run while other stages may own a part of it. */
const CAUSES: Partial<Record<EventType, string>> = {
  'hms.run.poisoned.v1': 'poison',
  'hms.guard.judged.v1': 'guard', // guard: guard-lets-go
  'hms.run.decision-applied.v1': 'people',
}
