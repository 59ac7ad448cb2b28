import { parseDuration, type RolloutPlan } from '#libs/contracts'
import type { RunTimeouts } from '#libs/pipeline'
import { isDuration, parseEnvironment, type Environment } from '#libs/platform'
import { ALL_REGIONS } from '#libs/policy'
import { Matches } from 'class-validator'

/** Polling interval in ms for queued runs. Normally the end of the preceding run starts the next one; polling covers a missed start. */
const QUEUE_CHECK_MS = 10 * 60 * 1000

const MAX_REVIEW_MS = 24 * 60 * 60 * 1000

/** `HMS_APPROVER_*`: defaults of plans, and deadlines. */
export class ApproverConfig {
  @isDuration('5m') observeMs = parseDuration('5m')
  @isDuration('168h') approvalExpiryMs = parseDuration('168h')

  /** Time a stage may be silent, beyond the plan's own durations; the run then fails. Longer than the stages' own deadlines. */
  @isDuration('15m') stageMs = parseDuration('15m')

  /** Time a paused run waits for a decision. */
  @isDuration('24h') pauseMs = parseDuration('24h')

  /** Time a review of an automatic action waits for a decision. Without one, the action stays in effect. */
  @isDuration('24h') reviewMs = parseDuration('24h')

  /** Bake time of a break-glass release once it is live for all; never zero. */
  @Matches(/^(?!0+(\.0+)?[a-z]+$)\d{1,9}(\.\d{1,3})?(ms|s|m|h)$/, { message: '$property must be a duration above zero such as 5m' })
  breakGlassBake = '5m'

  /** Deadline for another person to close the review of a break-glass; 24h at most. */
  @isDuration('24h', MAX_REVIEW_MS) breakGlassReviewMs = parseDuration('24h')

  /** Target time from first signature to in-force and partners notified. Missing it raises an alarm. */
  @isDuration('30m') promiseMs = parseDuration('30m')
  @Matches(/^region:.+$/, { message: 'scope must be region:NAME, or region:* for all regions' }) scope = 'region:NCR'

  /** Display names of scopes, separated by `;`: `region:NCR=National Capital Region`. */
  @Matches(/^([^=;]+=[^=;]+(;|$))*$/, { message: 'scopeNames must look like region:NCR=National Capital Region;region:VA=Virginia' })
  scopeNames = 'region:NCR=National Capital Region'

  get breakGlassBakeMs(): number {
    return Math.max(1, Math.round(parseDuration(this.breakGlassBake)))
  }

  get timeouts(): RunTimeouts {
    return { stageMs: this.stageMs, pauseMs: this.pauseMs, checkMs: QUEUE_CHECK_MS }
  }

  get defaultPlan(): RolloutPlan {
    const { scope, observeMs } = this
    return { share: 500, scope, scopeName: this.nameOfScope(scope), observeMs, bakeMs: observeMs, partners: null }
  }

  nameOfScope(scope: string): string {
    const names = new Map(this.scopeNames.split(';').map((pair) => pair.split('=') as [string, string]))
    return names.get(scope) ?? (scope === ALL_REGIONS ? 'all regions' : scope.replace(/^region:/, ''))
  }
}

export function readApproverConfig(env: Environment): ApproverConfig {
  return parseEnvironment(
    ApproverConfig,
    {
      observeMs: 'HMS_APPROVER_OBSERVE',
      approvalExpiryMs: 'HMS_APPROVER_APPROVAL_EXPIRY',
      stageMs: 'HMS_APPROVER_STAGE_DEADLINE',
      pauseMs: 'HMS_APPROVER_PAUSE_DEADLINE',
      reviewMs: 'HMS_APPROVER_REVIEW_DEADLINE',
      breakGlassBake: 'HMS_APPROVER_BREAK_GLASS_BAKE',
      breakGlassReviewMs: 'HMS_APPROVER_BREAK_GLASS_REVIEW',
      promiseMs: 'HMS_APPROVER_PROMISE',
      scope: 'HMS_APPROVER_CANARY_SCOPE',
      scopeNames: 'HMS_APPROVER_CANARY_SCOPE_NAMES',
    },
    env,
  )
}
