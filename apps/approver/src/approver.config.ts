import { parseDuration } from '#libs/contracts'
import type { Patience } from '#libs/pipeline'
import { isDuration, parseEnvironment, type Environment } from '#libs/platform'
import { ALL_REGIONS } from '#libs/policy'
import { Matches } from 'class-validator'

/** Who waits for its turn is called when its turn comes; this is for a call that got lost. */
const QUEUE_LOOK_MS = 10 * 60 * 1000

const MOST_REVIEW_MS = 24 * 60 * 60 * 1000

/** `HMS_APPROVER_*`: what a plan gets where its author says nothing. */
export class ApproverConfig {
  @isDuration('5m')
  observe = '5m'

  /** How long an approval waits for its signatures. */
  @isDuration('168h')
  approvalExpiry = '168h'

  /** How long a stage may be silent, beyond what the plan itself asks of it; the run fails after that. Above the stages' own deadlines. */
  @isDuration('15m')
  stageDeadline = '15m'

  /** How long a paused run waits for somebody to decide. */
  @isDuration('24h')
  pauseDeadline = '24h'

  /** How long a review of what automation did waits for an answer; what was done stands after that. */
  @isDuration('24h')
  reviewDeadline = '24h'

  /** How long break-glass is watched once it is live for all; never nothing. */
  @Matches(/^(?!0+(\.0+)?[a-z]+$)\d{1,9}(\.\d{1,3})?(ms|s|m|h)$/, { message: '$property must be a duration above zero such as 5m' })
  breakGlassBake = '5m'

  /** By when somebody else must have closed the review of a break-glass; 24h at most. */
  @isDuration('24h')
  breakGlassReview = '24h'

  /** How soon after its first signature a rule should be in force, and its partners told. An alarm says where it is not. */
  @isDuration('30m')
  promise = '30m'

  @Matches(/^region:.+$/, { message: 'scope must be region:NAME, or region:* for all regions' })
  scope = 'region:NCR'

  /** `region:NCR=National Capital Region`, several parted by `;`. */
  @Matches(/^([^=;]+=[^=;]+(;|$))*$/, { message: 'scopeNames must look like region:NCR=National Capital Region;region:VA=Virginia' })
  scopeNames = 'region:NCR=National Capital Region'

  get observeMs(): number {
    return parseDuration(this.observe)
  }

  get approvalExpiryMs(): number {
    return parseDuration(this.approvalExpiry)
  }

  get reviewMs(): number {
    return parseDuration(this.reviewDeadline)
  }

  get breakGlassBakeMs(): number {
    return Math.max(1, Math.round(parseDuration(this.breakGlassBake)))
  }

  get breakGlassReviewMs(): number {
    return Math.min(parseDuration(this.breakGlassReview), MOST_REVIEW_MS)
  }

  get promiseMs(): number {
    return parseDuration(this.promise)
  }

  get patience(): Patience {
    return { stageMs: parseDuration(this.stageDeadline), pauseMs: parseDuration(this.pauseDeadline), lookMs: QUEUE_LOOK_MS }
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
      observe: 'HMS_APPROVER_OBSERVE',
      approvalExpiry: 'HMS_APPROVER_APPROVAL_EXPIRY',
      stageDeadline: 'HMS_APPROVER_STAGE_DEADLINE',
      pauseDeadline: 'HMS_APPROVER_PAUSE_DEADLINE',
      reviewDeadline: 'HMS_APPROVER_REVIEW_DEADLINE',
      breakGlassBake: 'HMS_APPROVER_BREAK_GLASS_BAKE',
      breakGlassReview: 'HMS_APPROVER_BREAK_GLASS_REVIEW',
      promise: 'HMS_APPROVER_PROMISE',
      scope: 'HMS_APPROVER_CANARY_SCOPE',
      scopeNames: 'HMS_APPROVER_CANARY_SCOPE_NAMES',
    },
    env,
  )
}
