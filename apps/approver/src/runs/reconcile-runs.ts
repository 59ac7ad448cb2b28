import { Database, Timers } from '#libs/persistence'
import { Clock, describeError, Logger, Metrics, PeriodicTask } from '#libs/platform'
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common'
import { ApproverConfig } from '../approver.config.js'
import { isLate } from './run-metrics.js'
import { runOf, RUNS, runView, type RunRecord } from './run.table.js'
import { deadlineId, keysOfRun, RUN_DEADLINE, ScheduleRunDeadline } from './schedule-run-deadline.js'

const EVERY_MS = 60_000
const PAGE = 500

/**
 * Restores missing deadline timers every minute and counts them (`hms_svc_repairs_total`, 0 in a healthy system). The transactions that
 * open and change a run write its timer; without it, an open run would wait forever.
 */
@Injectable()
export class ReconcileRuns implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly checkTask = new PeriodicTask(this.clock, {
    everyMs: EVERY_MS,
    run: () => this.execute(),
    failed: (error) => this.log.debug({ error: describeError(error) }, 'runs could not be checked; retrying later'),
  })
  private readonly repaired = this.metrics.repairCounter('approver', 'run-timer')
  private readonly runsWithoutTimer = this.metrics.gauge('runs_without_timer', 'Open runs without a deadline timer; 0 in a healthy system')
  /** Runs already logged as late, so that this process logs each once. */
  private reported: ReadonlySet<number> = new Set()

  constructor(
    private readonly database: Database,
    private readonly timers: Timers,
    private readonly clock: Clock,
    private readonly log: Logger,
    private readonly metrics: Metrics,
    private readonly scheduleRunDeadline: ScheduleRunDeadline,
    private readonly config: ApproverConfig,
  ) {}

  onApplicationBootstrap(): void {
    this.checkTask.start()
  }

  onApplicationShutdown(): Promise<void> {
    return this.checkTask.stop()
  }

  /** Restores missing timers; returns their number. */
  async execute(): Promise<number> {
    const late = new Set<number>()
    const lost = await this.database.autocommit(async (tx) => {
      const watched = new Set((await this.timers.pending(tx, RUN_DEADLINE)).map((timer) => timer.id))
      const open: RunRecord[] = []
      for (let after = 0; ;) {
        const page = await tx.documents(RUNS).find({ where: { open: 'yes' }, orderBy: 'number', after, limit: PAGE })
        for (const record of page) this.logIfLate(record, tx.now, late)
        open.push(...page.filter((record) => !watched.has(deadlineId(record.facts.run))))
        if (page.length < PAGE) return open
        after = page.at(-1)!.facts.run
      }
    })
    this.reported = late
    let repaired = 0
    for (const record of lost) if (await this.repair(record)) repaired++
    this.runsWithoutTimer.set(lost.length - repaired)
    return repaired
  }

  /** Logs a run that exceeds its target time, once. Alarms use the metric instead. */
  private logIfLate(record: RunRecord, now: Date, late: Set<number>): void {
    const view = runView(record)
    if (!isLate(view, now, this.config.promiseMs)) return
    late.add(view.run)
    if (this.reported.has(view.run)) return
    const { run, state, reason, createdAt } = view
    this.log.error(
      { run, state, reason, createdAt, promiseMs: this.config.promiseMs },
      'a run exceeds its target time (HMS_APPROVER_PROMISE)',
    )
  }

  private repair(record: RunRecord): Promise<boolean> {
    const { run } = record.facts
    return this.database.locked(keysOfRun(record), async (tx) => {
      const current = (await runOf(tx, run))!
      // The run may have ended, or advanced, since the query.
      if ((await this.timers.pending(tx, deadlineId(run))).some((timer) => timer.id === deadlineId(run))) return false
      if (!(await this.scheduleRunDeadline.execute(tx, current))) return false
      tx.afterCommit(() => {
        this.repaired()
        this.log.error({ run }, 'an open run had no deadline timer; the timer was restored')
      })
      return true
    })
  }
}
