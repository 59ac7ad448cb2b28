import { Outbox } from '#libs/messaging'
import { type TimerKind, Timers, type Transaction } from '#libs/persistence'
import { freezeAgainst, type RunFacts, workingStage, stateOf, timedWait, waitingStage } from '#libs/pipeline'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { EndRun } from './end-run.js'
import { QueueRun } from './queue-run.js'
import { runOf, type RunRecord, RUNS } from './run.table.js'
import { RUN_DEADLINE, ScheduleRunDeadline } from './schedule-run-deadline.js'
import { isTerminal, MAX_FREEZES, stepsOf } from '#libs/contracts'
import { APPROVAL_EXPIRY, APPROVALS, closeApproval } from './approval.table.js'
import { APPROVAL_MOVED, QUEUE } from './save-run.js'
import { scopesOverlap } from '#libs/policy'
import { FREEZES } from '#libs/stage'

/** Handles overdue runs that wait for a stage, for a person's decision or for their turn, and runs whose timer was abandoned. */
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

  /** Handles a due deadline. `endedWait`: the wait whose cause had ended at the last check; the stage has had its full deadline since. */
  async execute(tx: Transaction, run: number, endedWait?: string): Promise<void> {
    const record = await runOf(tx, run)
    if (record === undefined) return
    const state = stateOf(record.facts)
    const stage = workingStage(state) ?? timedWait(record.facts)?.stage
    if (stage !== undefined) return this.timeOut(tx, record, stage)
    if (state === 'PAUSED') {
      const detail = 'no decision on the paused run in time'
      return this.endRun.execute(tx, record, { state: 'ABORTED', reason: 'PAUSE_EXPIRED', detail }, 'deadline')
    }
    const waiting = state === 'WAITING' ? waitingStage(record.facts) : undefined
    if (waiting !== undefined && !(await isStillBlocked(tx, record))) {
      const { waits, behind } = record.facts.stages[waiting]!
      // Distinguishes one wait from another.
      const wait = waits === 'REGION_BUSY' ? `${waits} ${behind}` : String(waits)
      return endedWait === wait ? this.timeOut(tx, record, waiting) : this.scheduleRunDeadline.restartAfterWait(tx, record, wait)
    }
    // Schedules the next check first: the call may start or end the run, which then replaces or cancels this check.
    await this.scheduleRunDeadline.execute(tx, record)
    await this.queueRun.startIfTurn(tx, run)
  }

  private async timeOut(tx: Transaction, record: RunRecord, stage: NonNullable<ReturnType<typeof workingStage>>): Promise<void> {
    const { run, attempt } = record.facts
    const detail = `${stage} did not respond in time; the run was ended and its policies are free`
    await this.outbox.emit(tx, 'hms.stage.timed-out.v1', { run, attempt, stage, detail }, { key: record.key, run, attempt })
    await this.endRun.execute(tx, record, { state: 'FAILED', reason: 'STAGE_TIMED_OUT', detail }, 'deadline')
  }

  /** Ends a run as POISONED because an approver timer was abandoned. Done directly: approver is no stage and sends no event. */
  private async endStuck(tx: Transaction, run: number, detail: string): Promise<void> {
    // The timer's keys have locked the run's policies.
    const record = await runOf(tx, run)
    if (record === undefined || isTerminal(stateOf(record.facts))) return
    const approval = await tx.documents(APPROVALS).get(record.approval)
    if (approval?.state === 'waiting') await closeApproval(tx, this.timers, approval, 'stale')
    await this.endRun.execute(tx, record, { state: 'FAILED', reason: 'POISONED', detail }, 'poison') // guard: timer-poison-approver
  }
}

/** Limit of runs checked as owners of a region, oldest first. */
const MAX_CHECKED = 1_000

/** Whether a waiting run is still blocked: by a freeze, by a run that has its region, or by an earlier run that waits for the region. */
async function isStillBlocked(tx: Transaction, record: RunRecord): Promise<boolean> {
  const stage = waitingStage(record.facts)
  const waits = stage === undefined ? undefined : record.facts.stages[stage]?.waits
  if (waits === 'REGION_BUSY') return isRegionTaken(tx, record) // guard: region-free-run-fails
  if (waits !== 'FREEZE') return true
  const scopes = stage === 'canary' ? await scopesOf(tx, record) : ['global']
  return freezeAgainst(await tx.documents(FREEZES).find({ limit: MAX_FREEZES }), scopes, tx.now) !== null // guard: freeze-waits-for-nothing
}

/** Whether another run has the region, or waits for it with a lower number. Checks all: when one ends, only the next one is notified. */
async function isRegionTaken(tx: Transaction, record: RunRecord): Promise<boolean> {
  const { run } = record.facts
  const where = { open: 'yes', state: ['CANARY', 'ROLLING_OUT', 'BAKING', 'PAUSED', 'WAITING'] } // guard: region-in-a-long-bake
  const open = await tx.documents(RUNS).find({ where, orderBy: 'number', limit: MAX_CHECKED })
  // guard: region-turn-of-others
  const ahead = open.filter(({ facts }) => facts.run !== run && (hasRegion(facts) || (facts.run < run && waitsForRegion(facts))))
  const scopes = await scopesOf(tx, record)
  for (const other of ahead) {
    const occupied = await scopesOf(tx, other)
    if (scopes.some((scope) => occupied.some((each) => scopesOverlap(scope, each)))) return true
  }
  return false
}

/** Whether the run has its region: its canary is live, even if a freeze has stopped the run in rollout, or in canary after a head. */
function hasRegion(facts: RunFacts): boolean {
  const { canary, rollout } = facts.stages
  // guards: region-under-freeze, frozen-has-no-region
  return stateOf(facts) !== 'WAITING' || rollout?.waits === 'FREEZE' || (canary?.waits === 'FREEZE' && canary.shown === true)
}

/** Whether the run waits for a region. A run that a freeze stops before its first head does not: it lets other runs go first. */
function waitsForRegion(facts: RunFacts): boolean {
  return stateOf(facts) === 'WAITING' && facts.stages.canary?.waits === 'REGION_BUSY'
}

async function scopesOf(tx: Transaction, { approval }: RunRecord): Promise<string[]> {
  const signed = await tx.documents(APPROVALS).get(approval)
  return signed === undefined ? ['global'] : stepsOf(signed.plan).map(({ scope }) => scope)
}
