import { isTerminal, type ReceivedEvent } from '#libs/contracts'
import { Outbox } from '#libs/messaging'
import { Database, findAll, timerKind, Timers, type TimerKind, type Transaction } from '#libs/persistence'
import { resumesAt, isTakenBack } from '#libs/pipeline'
import { Metrics } from '#libs/platform'
import { Signals } from '#libs/service'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { ApproverConfig } from '../approver.config.js'
import { SyncTickets } from '../tickets/sync-tickets.js'
import { quarantine } from '../policies/quarantine.js'
import { POLICIES, type PolicyRecord } from '../policies/policy.table.js'
import { RunMetrics } from './run-metrics.js'
import { runOf, RUNS, runView, type RunRecord } from './run.table.js'
import { keysOfRun, ScheduleRunDeadline } from './schedule-run-deadline.js'

/** Timers: QUEUE starts a queued run if its turn has come; APPROVAL_MOVED checks a waiting approval after a live release changed. */
export const QUEUE = timerKind<{ run: number }>('queue')
export const APPROVAL_MOVED = timerKind<{ run: number }>('approval-moved')

/** Stores a run and notifies its followers. When a run ends, frees its policies and schedules the next run of each policy's queue. */
@Injectable()
export class SaveRun implements OnModuleInit {
  private readonly metrics: RunMetrics

  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly timers: Timers,
    private readonly signals: Signals,
    private readonly registry: Metrics,
    private readonly scheduleRunDeadline: ScheduleRunDeadline,
    private readonly syncTickets: SyncTickets,
    { promiseMs }: ApproverConfig,
  ) {
    this.metrics = new RunMetrics(registry, promiseMs)
  }

  onModuleInit(): void {
    this.registry.beforeCollect(() =>
      this.database.transaction(async (tx) => {
        const open = await findAll(tx, RUNS, { open: 'yes' })
        this.metrics.updateGauges(open.map(runView), tx.now)
      }),
    )
  }

  /** `stored`: the run as the transaction read it under its lock. */
  async execute(tx: Transaction, record: RunRecord, cause?: ReceivedEvent, stored?: RunRecord): Promise<void> {
    const known = stored ?? (await runOf(tx, record.facts.run))
    const before = known === undefined ? undefined : runView(known)
    const view = runView(record)
    const isMoved = view.state !== before?.state
    await tx.documents(RUNS).put({ ...record, movedAt: isMoved ? tx.now.toISOString() : known?.movedAt })
    const number = record.facts.run
    await this.outbox.emit(
      tx,
      'hms.run.changed.v1',
      { view },
      { key: String(number), run: number, attempt: view.attempt, causationId: cause?.id, traceparent: cause?.traceparent },
    )
    // A person may have extended the run's current step.
    const isLater = known !== undefined && resumesAt(known.facts) !== resumesAt(record.facts)
    if (isMoved || isLater) await this.scheduleRunDeadline.execute(tx, record) // guards: deadline-row, extended-deadline
    const isKept = view.kept !== undefined && before?.kept === undefined
    if (isMoved || isKept) await this.syncTickets.execute(tx, before?.state, view) // guards: ticket-of-rollback, ticket-of-kept
    if (isTerminal(view.state) && (before === undefined || !isTerminal(before.state))) await this.freePolicies(tx, record)
    tx.afterCommit(() => {
      this.metrics.recordChange(before, view)
      this.signals.send('runs')
    })
  }

  private async freePolicies(tx: Transaction, record: RunRecord): Promise<void> {
    const number = record.facts.run
    for (const { id, version } of record.facts.policies) {
      if (isTakenBack(record.facts)) await quarantine(tx, id, version, number)
      const policy = await tx.documents(POLICIES).get(id)
      if (policy === undefined) continue
      const others = (numbers: number[]): number[] => numbers.filter((other) => other !== number)
      const freed = {
        ...policy,
        active: policy.active === number ? null : policy.active,
        queue: others(policy.queue),
        waiting: others(policy.waiting ?? []),
      }
      await tx.documents(POLICIES).put(freed)
      await this.scheduleWaiting(tx, freed)
    }
  }

  /** Schedules checks when a live release or a queue changed: the first queued run may start, one that awaits signatures be stale. */
  async scheduleWaiting(tx: Transaction, policy: PolicyRecord): Promise<void> {
    const [first] = policy.queue
    if (policy.active === null && first !== undefined) await this.scheduleCheck(tx, QUEUE, first)
    for (const run of policy.waiting ?? []) await this.scheduleCheck(tx, APPROVAL_MOVED, run)
  }

  /** Schedules a timer for another run, because that run may have policies that this transaction has not locked. */
  private async scheduleCheck(tx: Transaction, kind: TimerKind<{ run: number }>, run: number): Promise<void> {
    const waiting = await runOf(tx, run)
    if (waiting === undefined) return
    await this.timers.schedule(tx, { id: `${kind}:${run}`, kind, keys: keysOfRun(waiting), data: { run }, dueAt: tx.now })
  }
}
