import { ENDED_STATES, isHeld, isTerminal, STAGES, type RunState, type RunView } from '#libs/contracts'
import type { Metrics } from '#libs/platform'

const CLOCK_BUCKETS_SECONDS = [1, 5, 15, 60, 300, 900, 1_800, 3_600, 14_400, 86_400]
const STAGE_BUCKETS_SECONDS = [1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400]

/** Metrics of runs. A run outside of all stages counts under `approval` while it waits for signatures, else under `queue`. */
export class RunMetrics {
  private readonly ended = this.metrics.counter('runs_total', 'Ended runs, by final state', ['outcome'])
  private readonly stages = this.metrics.histogram(
    'run_stage_duration_seconds',
    'Time from the start of a stage to its verdict',
    ['stage', 'outcome'],
    STAGE_BUCKETS_SECONDS,
  )
  private readonly active = this.metrics.gauge('runs_active', 'Open runs, by current stage', ['stage'])
  private readonly oldest = this.metrics.gauge('run_oldest_stage_age_seconds', 'Longest time of an open run in its stage', ['stage'])

  private readonly clock = this.metrics.histogram(
    'run_clock_seconds',
    'Time from the first signature until 50 %, 95 % and 100 % of the connected bots had the release, and until partners were notified',
    ['until'],
    CLOCK_BUCKETS_SECONDS,
  )
  private readonly overTarget = this.metrics.gauge(
    'runs_over_promise',
    'Approved runs open for longer than HMS_APPROVER_PROMISE, except runs whose release all bots have and that wait for its effective time',
  )

  constructor(
    private readonly metrics: Metrics,
    private readonly promiseMs: number,
  ) {
    // Prometheus's `increase` misses the first event of a series that begins with it, so each series begins with 0.
    for (const outcome of ENDED_STATES) this.ended.inc({ outcome }, 0)
  }

  recordChange(before: RunView | undefined, after: RunView): void {
    if (isTerminal(after.state) && (before === undefined || !isTerminal(before.state))) this.end(after)
    for (const { stage, verdict, startedAt, endedAt } of after.stages) {
      if (startedAt === null || endedAt === null) continue
      const known = before?.attempt === after.attempt ? before.stages.find((other) => other.stage === stage) : undefined
      if (known !== undefined && known.endedAt !== null) continue
      this.stages.observe({ stage, outcome: verdict }, secondsBetween(startedAt, endedAt))
    }
  }

  private end({ state, clock }: RunView): void {
    this.ended.inc({ outcome: state })
    for (const [until, seconds] of Object.entries(clock?.seconds ?? {})) if (seconds !== null) this.clock.observe({ until }, seconds)
  }

  /** Sets the gauges from all open runs. `now`: time by the database's clock. */
  updateGauges(open: readonly RunView[], now: Date): void {
    this.oldest.reset()
    for (const stage of ['approval', 'queue', ...STAGES]) this.active.set({ stage }, 0)
    const ages = new Map<string, number[]>()
    for (const run of open) {
      const { stage, since } = currentStageOf(run)
      ages.set(stage, [...(ages.get(stage) ?? []), secondsBetween(since, now.toISOString())])
    }
    this.overTarget.set({}, open.filter((run) => isLate(run, now, this.promiseMs)).length)
    for (const [stage, seconds] of ages) {
      this.active.set({ stage }, seconds.length)
      this.oldest.set({ stage }, Math.max(...seconds))
    }
  }
}

/** Whether an approved, open run exceeds its target time. */
export function isLate(run: RunView, now: Date, promiseMs: number): boolean {
  return !isTerminal(run.state) && now.getTime() - Date.parse(run.createdAt) > promiseMs && hasTargetTime(run)
}

/** Whether the target time applies: not while signatures are missing, nor once all bots hold a release until its effective time. */
function hasTargetTime(run: RunView): boolean {
  return run.state !== 'AWAITING_APPROVAL' && !(isHeld(run) && run.clock?.seconds.all != null)
}

function currentStageOf({ state, stages, createdAt }: RunView): { stage: string; since: string } {
  const running = stages.findLast(({ startedAt, endedAt }) => startedAt !== null && endedAt === null)
  if (running !== undefined) return { stage: running.stage, since: running.startedAt! }
  const waits: Partial<Record<RunState, string>> = { AWAITING_APPROVAL: 'approval' }
  return { stage: waits[state] ?? 'queue', since: stages.findLast(({ endedAt }) => endedAt !== null)?.endedAt ?? createdAt }
}

function secondsBetween(from: string, to: string): number {
  return Math.max(0, (Date.parse(to) - Date.parse(from)) / 1_000)
}
