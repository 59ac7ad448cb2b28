import type { CoverageReport } from '#libs/contracts'
import { policyKey } from '#libs/messaging'
import { describeError } from '#libs/platform'
import { ServiceRuntime } from '#libs/service'
import { Injectable } from '@nestjs/common'
import { DocumentCopy } from '../delivery/document-copy.js'
import { StoreTime } from '../store-time.js'
import { coverageOf } from './coverage.js'
import { FailureStreak } from './failure-streak.js'
import { Presence } from './presence.js'

/**
 * Stages wait for the bots only after a head, and a canary renews its own all the time. Without this bound every bot that comes or goes
 * would cost one signed event for each policy there is.
 */
const MATTERS_MS = 10 * 60 * 1000
const RETRY_MS = 1_000

/** Tells the stages how far the bots are, whenever the numbers of a policy changed that had a head lately. */
@Injectable()
export class CoverageReports {
  private readonly told = new Map<string, string>()
  private readonly failures = new FailureStreak((inARow, alarm, error) => {
    this.runtime.metrics.deliveryFailures.set({ what: 'coverage' }, inARow)
    if (alarm) this.runtime.log.error({ inARow, error: describeError(error) }, 'the stages do not hear how far the bots are')
  })
  private reporting = false
  private again = false

  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly time: StoreTime,
    private readonly copy: DocumentCopy,
    private readonly presence: Presence,
  ) {
    presence.onChange(() => this.wake())
    copy.onChange(() => this.wake())
  }

  private wake(): void {
    this.again = true
    if (!this.reporting) void this.report()
  }

  private async report(): Promise<void> {
    this.reporting = true
    let failure: unknown
    while (this.again) {
      this.again = false
      failure = await this.reportAll()
    }
    this.reporting = false
    if (failure === undefined) return this.failures.succeeded()
    this.failures.failed(failure)
    this.runtime.log.debug({ error: describeError(failure) }, 'coverage is told later')
    this.runtime.clock.after(RETRY_MS, () => this.wake())
  }

  /** Answers with the last error. A policy that fails does not keep the others quiet. */
  private async reportAll(): Promise<unknown> {
    let failure: unknown
    for (const policy of this.copy.policies()) {
      try {
        if (this.matters(policy)) await this.reportPolicy(policy)
      } catch (error) {
        failure = error ?? new Error('thrown without an error')
      }
    }
    return failure
  }

  private matters(policy: string): boolean {
    const since = this.time.nowMs() - MATTERS_MS
    return this.copy.documentsOf(policy).some(({ storedAt }) => storedAt >= since)
  }

  private async reportPolicy(policy: string): Promise<void> {
    const report = coverageOf(policy, this.copy.documentsOf(policy), this.presence.bots(), this.time.nowMs())
    const text = JSON.stringify(report.scopes)
    if (this.told.get(policy) === text) return
    await this.emit(report)
    this.told.set(policy, text)
  }

  private emit(report: CoverageReport): Promise<void> {
    return this.runtime.database.transaction(async (tx) => {
      await tx.lock([policyKey(report.policy)])
      await this.runtime.emit(tx, 'hms.coverage.reported.v1', report, { key: report.policy })
    })
  }
}
