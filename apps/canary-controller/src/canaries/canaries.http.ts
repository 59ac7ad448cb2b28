import { action, HmsError, stepsOf } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { canaryLabel, figuresOf, headsOf, seriesOf, summaryOf } from '#libs/pipeline'
import { Controller, Get, Param } from '@nestjs/common'
import { CanaryControllerConfig } from '../canary-controller.config.js'
import { CANARIES } from './canary.table.js'

@Controller('v1/canaries')
export class CanariesController {
  constructor(
    private readonly database: Database,
    private readonly config: CanaryControllerConfig,
  ) {}

  /** Returns the canary of a run: its cohort, steps, alerts and figures. */
  @Get(':run')
  async show(@Param('run') run: string) {
    const [canary, now] = await this.database.transaction(async (tx) => [await tx.documents(CANARIES).get(run), tx.now] as const)
    if (canary === undefined)
      throw new HmsError('HMS_CANARY_NOT_FOUND', `Run ${run} has no canary, or not yet.`, { status: 404, next: [action('runs.list')] })
    const at = { now, leaseMs: this.config.leaseMs }
    const { state, scope, requestedShare, members, publishedAt, observeMs, observeUntil, leaseUntil, counted, unexplained } = canary
    return {
      run: canary.run,
      label: canaryLabel(canary),
      state,
      scope,
      requestedShare,
      members,
      /** Heads of earlier steps that are still published; empty for a plan with one step. */
      earlier: headsOf(canary).filter((head) => head.scope !== scope),
      steps: stepsOf(canary.dossier.plan),
      passed: canary.passed ?? [],
      publishedAt,
      observeMs,
      observeUntil,
      leaseUntil,
      alerts: counted.length,
      unexplained,
      /** `null` until config-store has counted the canary's bots. */
      figures: figuresOf(canary, at) ?? null,
      /** Counts over time, at most 121 points, oldest first; the last one of a live canary is of now. */
      series: seriesOf(canary, at),
      summary: summaryOf(canary),
    }
  }
}
