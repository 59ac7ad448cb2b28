import { COVERAGE_REPORT_MS, type ReportedCoverage } from '#libs/contracts'
import { Outbox, policyKey } from '#libs/messaging'
import { Database } from '#libs/persistence'
import { Clock, describeError, FailureStreak, Logger, PeriodicTask } from '#libs/platform'
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common'
import { StoreMetrics } from '../store-metrics.js'
import { DocumentCopy } from '../copy/document-copy.js'
import { StoreTime } from '../store-time.js'
import type { HeldStored } from '../copy/held-stored.js'
import { coverageOf, runsAwaiting } from './coverage.js'
import { Presence } from './presence.js'

const RETRY_MS = 1_000

/** Reports changed coverage to the stages, for policies with a recently stored head or a release that recently took effect. */
@Injectable()
export class CoverageReports implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** Last report of each policy, by run. */
  private readonly reported = new Map<string, ReadonlyMap<number | null, string>>()
  private readonly failures = new FailureStreak((inARow, alarm, error) => {
    this.metrics.presenceFailures.set({ what: 'coverage' }, inARow)
    if (alarm) this.log.error({ inARow, error: describeError(error) }, 'coverage cannot be reported to the stages')
  })
  private readonly reports = new PeriodicTask(this.clock, {
    everyMs: Infinity,
    run: () => this.report(),
    failed: (error) => {
      this.failures.failed(error)
      this.log.debug({ error: describeError(error) }, 'coverage could not be reported; retrying')
      this.reports.wake(RETRY_MS)
    },
  })

  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
    private readonly log: Logger,
    private readonly metrics: StoreMetrics,
    private readonly time: StoreTime,
    private readonly copy: DocumentCopy,
    private readonly presence: Presence,
  ) {
    presence.onChange(() => this.reports.wake())
    copy.onChange(() => this.reports.wake())
  }

  onApplicationBootstrap(): void {
    this.reports.start()
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.reports.stop()
  }

  /** Reports all changed coverage. A run whose report fails does not block the reports of others; the last error is thrown at the end. */
  private async report(): Promise<void> {
    let failure: unknown
    for (const coverage of this.changedCoverage()) {
      try {
        await this.emit(coverage)
        for (const { policy, scopes } of coverage.reports)
          this.reported.set(policy, new Map([...(this.reported.get(policy) ?? []), [coverage.ofRun, JSON.stringify(scopes)]]))
      } catch (error) {
        failure = error ?? new Error('thrown without an error')
      }
    }
    if (failure !== undefined) throw failure
    this.failures.succeeded()
  }

  /** Returns changed coverage, one event per run, also for a bundle: for each event the stage locks and writes all policies of the run. */
  private changedCoverage(): Iterable<ReportedCoverage> {
    const byRun = new Map<number | null, ReportedCoverage>()
    for (const policy of this.copy.policies()) {
      const documents = this.copy.documentsOf(policy)
      const runs = runsAwaiting(documents.filter((document) => this.isRecent(document)))
      if (runs.size === 0) continue
      const report = coverageOf(policy, documents, this.presence.bots(), this.time.nowMs())
      const reported = new Map([...(this.reported.get(policy) ?? [])].filter(([run]) => runs.has(run)))
      this.reported.set(policy, reported)
      for (const ofRun of runs) {
        if (reported.get(ofRun) === JSON.stringify(report.scopes)) continue
        const known = byRun.get(ofRun)
        if (known === undefined) byRun.set(ofRun, { ofRun, reports: [report] })
        else known.reports.push(report)
      }
    }
    return byRun.values()
  }

  private isRecent({ storedAt, next }: HeldStored): boolean {
    const now = this.time.nowMs()
    const isWithinLimit = (ms: number): boolean => ms <= now && ms >= now - COVERAGE_REPORT_MS
    return storedAt >= now - COVERAGE_REPORT_MS || (next !== null && isWithinLimit(next.atMs)) // guard: effective-reported-at-its-time
  }

  private emit(coverage: ReportedCoverage): Promise<void> {
    const keys = coverage.reports.map(({ policy }) => policy).sort()
    return this.database.locked(keys.map(policyKey), async (tx) => {
      await this.outbox.emit(tx, 'hms.coverage.reported.v1', coverage, { key: keys[0]! })
    })
  }
}
