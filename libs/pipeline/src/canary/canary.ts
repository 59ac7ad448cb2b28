import {
  defined,
  type FreezeNotice,
  type MetricFigures,
  type PassedStep,
  type PredictedLoad,
  type RunDossier,
  type ScenarioRule,
} from '#libs/contracts'
import type { BotCount } from '../late-joiners.js'
import type { StageState } from '../stage/decision.js'
import { ALL_REGIONS } from '#libs/policy'
import { newMetrics } from './metrics.js'
import { predictionsOf, type Prediction } from './prediction.js'
import type { CanaryWatch } from './canary-watch.js'
import type { AlertingBot, CountedAlert, UnexplainedAlert } from './counted-alert.js'
import type { RegionHolder } from './region-holder.js'
import { numbersOfStep, UNISSUED, type CanaryMember, type PlacedMember } from './members.js'
import { claimedScopes, stepCount } from './plan-steps.js'

/** Canary of a run: a lease on a share of one scope, watched for unexplained alerts. */
export interface Canary extends StageState {
  /**
   * `proving`: unpublished until the log contains the approvals. `waiting`: unpublished while a freeze is active or another canary has the
   * region. `growing`: a step has passed and the next is not published yet. `baking`: replaced by the stable head, and still watched for
   * alerts.
   */
  state: 'new' | 'proving' | 'waiting' | 'publishing' | 'observing' | 'growing' | 'passed' | 'baking' | 'failed' | 'paused' | 'ended'
  /** Scope of the current step, as requested by the plan. */
  scope: string
  scopeName: string
  requestedShare: number
  observeMs: number
  /** Index of the current step, if the plan has several; and since when its heads are issued. */
  step?: number
  stepAt?: string
  /** Smallest policy id of a bundle. Canaries started by an earlier version have none, and keep a cohort per policy. */
  cohortKey?: string
  /** Heads of the current step. */
  members: CanaryMember[]
  /** Heads of earlier steps in other scopes: renewed and taken back together with `members`. */
  earlier?: PlacedMember[]
  /** Passed steps, if the plan has several. */
  passed?: PassedStep[]
  /** When the first head was stored, or the first after a lapsed lease: alerts count from here. */
  publishedAt: string | null
  /** Alerts received before the store reported the heads that their bots run. */
  early?: CountedAlert[]
  observeUntil: string | null
  /** Active freeze in its scope, as last reported. */
  frozen: FreezeNotice | null
  /** Run that it waits for, as last reported. */
  behind?: RegionHolder
  /** Remaining observation in ms, while a freeze stops its clock. */
  remainingMs?: number
  /** The observation has ended, and the verdict waits for bots that joined in the meantime. */
  observed: boolean
  leaseUntil: string
  /** Key of bot and reading of every counted alert, so that none counts twice. */
  counted: string[]
  /** Bots that alerted, explained or not. */
  alerting: AlertingBot[]
  unexplained: UnexplainedAlert[]
  /** Predictions by scope, if the replay had readings to predict from; and the alerts counted in earlier steps. */
  predictions?: Prediction[]
  alertsBefore?: number
  /** Recent cohort sizes by policy. Rows of earlier versions have none. */
  counts?: Record<string, BotCount[]>
  /** Statistics, from the first time that the store counted the bots. */
  watch?: CanaryWatch
  /** Results of the plan's metrics so far; the plan contains the gates. */
  metrics?: MetricFigures[]
  scenarios: ScenarioRule[]
  dossier: RunDossier
}

/** Creates an unpublished canary. `begins`: future effective time of each policy. `load`: alerts predicted by the replay. */
export function newCanary(
  asked: RunDossier,
  origin: Pick<Canary, 'key' | 'causationId' | 'traceparent' | 'dossier' | 'scenarios'>,
  { now, begins, load }: { now: Date; begins: ReadonlyMap<string, string>; load?: PredictedLoad },
): Canary {
  const { run, attempt, plan, releases, live, liveSeqs = {} } = asked
  const members = releases.map(({ id, releaseDigest }) => {
    const based = { base: live[id]?.releaseDigest ?? null, ...defined({ baseSeq: liveSeqs[id], beginsAt: begins.get(id) }) }
    return { policy: id, release: releaseDigest, ...based, share: plan.share, ...UNISSUED }
  })
  const bundle = members.length > 1 ? { cohortKey: members.map(({ policy }) => policy).sort()[0]! } : {}
  const { scope, scopeName, share: requestedShare, observeMs } = plan
  const watch = { publishedAt: null, observeUntil: null, observed: false, frozen: null, leaseUntil: now.toISOString() }
  const alerts = { counted: [], alerting: [], unexplained: [] }
  const metrics = plan.metrics === undefined ? {} : { metrics: newMetrics(plan.metrics) }
  const expected = predictionsOf(load, claimedScopes({ dossier: asked, scope }))
  const predictions = expected.length === 0 ? {} : { predictions: expected }
  return {
    run,
    attempt,
    ...origin,
    state: 'new',
    scope,
    scopeName,
    requestedShare,
    observeMs,
    ...bundle,
    members,
    ...watch,
    ...alerts,
    ...metrics,
    ...predictions,
  }
}

/** Unexplained alerts of different bots that end a canary: the hard guard, independent of the statistics. */
export const UNEXPLAINED_LIMIT = 2
/**
 * Limits of counted alerts per bot and in total, besides unexplained ones that may decide the guard: the whole document is written with
 * every alert.
 */
export const MAX_ALERTS_OF_BOT = 50
export const MAX_COUNTED = 2_000

export function isOpen(canary: Canary): boolean {
  return canary.state === 'publishing' || canary.state === 'observing'
}

/**
 * States in which alerts count: from the publication to the end of the bake. A paused canary counts too, because its cohort runs the new
 * rule.
 */
export const ALERT_STATES = [
  'publishing',
  'observing',
  'growing',
  'paused',
  'passed',
  'baking',
] as const satisfies readonly Canary['state'][]

export function countsAlerts({ state }: Canary): boolean {
  return (ALERT_STATES as readonly string[]).includes(state)
}

/** Whether its cohort runs the release and its verdict is open: alerts count, and people may abort it. */
export function isLive(canary: Canary): boolean {
  return isOpen(canary) || canary.state === 'growing' || canary.state === 'paused'
}

/** Returns the stage's label in `runs show`, for example `Canary 5% traffic (National Capital Region)`. */
export function canaryLabel(canary: Pick<Canary, 'requestedShare' | 'scopeName' | 'dossier' | 'step'>): string {
  const label = `Canary ${percent(canary.requestedShare)} traffic (${canary.scopeName})`
  const steps = stepCount(canary)
  return steps === 1 ? label : `${label}, step ${(canary.step ?? 0) + 1} of ${steps}`
}

export function percent(basisPoints: number): string {
  return `${basisPoints / 100}%`
}

/** Returns the summary of a passed canary, including whether any bot observed it. */
export function summaryOf(canary: Canary): string {
  const parts: string[] = []
  const widest = Math.max(...canary.members.map((member) => member.share))
  const numbers = numbersOfStep(canary)
  const expected = Math.min(...numbers.map((each) => each.expected))
  const acknowledged = Math.min(...numbers.map((each) => each.acknowledged))
  if (widest !== canary.requestedShare) parts.push(`requested ${percent(canary.requestedShare)}, realised ${percent(widest)}`)
  parts.push(`${acknowledged} of ${expected} ${expected === 1 ? 'bot' : 'bots'} acknowledged`)
  parts.push(unexplainedSummary(canary))
  const begins = beginning(canary.members)
  if (begins !== undefined) parts.push(begins)
  return parts.join('; ')
}

/** Returns `held until …` for releases that take effect later. */
export function beginning(members: readonly { beginsAt?: string }[]): string | undefined {
  const times = [...new Set(members.flatMap(({ beginsAt }) => beginsAt ?? []))].sort()
  return times.length === 0 ? undefined : `held until ${times.join(' and ')}`
}

/** Returns `2 unexplained alerts of bot-7 alone` if only one bot of a larger cohort alerts. */
function unexplainedSummary({ unexplained }: Canary): string {
  const bots = new Set(unexplained.map(({ bot }) => bot))
  const alone = unexplained.length >= UNEXPLAINED_LIMIT && bots.size === 1 ? ` of ${[...bots][0]} alone` : ''
  return `${unexplained.length} unexplained ${unexplained.length === 1 ? 'alert' : 'alerts'}${alone}`
}

/**
 * Returns `NO_EVIDENCE: …` if, for one of the policies, the step's scope had no connected bot, or no bot acknowledged the canary. The
 * policy is named if others have evidence.
 */
export function lackOfEvidence(canary: Canary): string | undefined {
  const numbers = numbersOfStep(canary)
  const unheard = numbers.filter(({ heard }) => !heard)
  if (unheard.length === 0) return undefined
  const isConnected = unheard.some(({ connected }) => connected > 0)
  // Bots that connected after the heads were stored are outside the cohort.
  const came = (policy: string): boolean => canary.watch?.bots.some((bots) => bots.policy === policy && bots.connected > 0) === true
  const isLate = !isConnected && canary.earlier === undefined && unheard.every(({ policy }) => came(policy))
  const region = canary.scope === ALL_REGIONS ? '' : `of region ${canary.scope.replace(/^region:/, '')} `
  const policies = unheard.map(({ policy }) => policy).join(', ')
  const what = unheard.length === numbers.length ? '' : `${isConnected ? '' : ' with'} ${policies}`
  if (isLate) return `NO_EVIDENCE: no bot ${region}was connected${what} when the canary began`
  return `NO_EVIDENCE: no bot ${region}${isConnected ? 'acknowledged' : 'connected'}${what}`
}
