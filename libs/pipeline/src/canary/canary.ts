import {
  type CanaryPoint,
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
import { botCountsOfStep, UNISSUED, type CanaryMember, type ScopedMember } from './members.js'
import { claimedScopes, stepCount } from './plan-steps.js'

/** Canary of a run: leased heads for a share of one scope, watched for unexplained alerts. */
export interface Canary extends StageState {
  /**
   * `proving`: unpublished until the log contains the approvals. `waiting`: unpublished during a freeze or another canary of the region.
   * `growing`: a step has passed, the next has no heads yet. `baking`: the stable head has replaced the canary; alerts still count.
   */
  state: 'new' | 'proving' | 'waiting' | 'publishing' | 'observing' | 'growing' | 'passed' | 'baking' | 'failed' | 'paused' | 'ended'
  /** Scope of the current step, as requested by the plan. */
  scope: string
  scopeName: string
  requestedShare: number
  observeMs: number
  /** Index of the current step, and when its first heads were issued; set if the plan has several steps. */
  step?: number
  stepAt?: string
  /** Smallest policy id of a bundle. Canaries that an earlier build started have none, and keep one cohort per policy. */
  cohortKey?: string
  /** Heads of the current step. */
  members: CanaryMember[]
  /** Heads of earlier steps in other scopes. They are renewed and taken back together with `members`. */
  earlier?: ScopedMember[]
  passed?: PassedStep[]
  /** When config-store stored the first head, or the first one after a lapsed lease. Alerts count from this time. */
  publishedAt: string | null
  /** Alerts received before config-store reported when it stored the heads of their bots. */
  early?: CountedAlert[]
  observeUntil: string | null
  /** Active freeze in the canary's scopes, as last reported. */
  frozen: FreezeNotice | null
  behind?: RegionHolder
  /** Remaining observation in ms while a freeze suspends it. */
  remainingMs?: number
  /** The observation has ended, and the verdict waits for bots that joined in the meantime. */
  observed: boolean
  leaseUntil: string
  /** Deduplication keys (`once`) of all counted alerts. */
  counted: string[]
  /** Bots that alerted, explained or not. */
  alerting: AlertingBot[]
  unexplained: UnexplainedAlert[]
  /** Predicted alerts by scope, if the replay had readings; and the number of alerts counted in earlier steps. */
  predictions?: Prediction[]
  alertsBefore?: number
  /** Recent cohort sizes by policy. Missing in rows of earlier builds. */
  counts?: Record<string, BotCount[]>
  /** Statistics; set once config-store has counted the bots. */
  watch?: CanaryWatch
  /** Counts over time, oldest first, at most `MAX_POINTS`. */
  series?: readonly CanaryPoint[]
  metrics?: MetricFigures[]
  scenarios: ScenarioRule[]
  dossier: RunDossier
}

/** Creates an unpublished canary. `begins`: future effective time of each policy. `load`: alerts predicted by the replay. */
export function newCanary(
  requested: RunDossier,
  origin: Pick<Canary, 'key' | 'causationId' | 'traceparent' | 'dossier' | 'scenarios'>,
  { now, begins, load }: { now: Date; begins: ReadonlyMap<string, string>; load?: PredictedLoad },
): Canary {
  const { run, attempt, plan, releases, live, liveSeqs = {} } = requested
  const members = releases.map(({ id, releaseDigest }) => {
    const based = { base: live[id]?.releaseDigest ?? null, ...defined({ baseSeq: liveSeqs[id], beginsAt: begins.get(id) }) }
    return { policy: id, release: releaseDigest, ...based, share: plan.share, ...UNISSUED }
  })
  const bundle = members.length > 1 ? { cohortKey: members.map(({ policy }) => policy).sort()[0]! } : {}
  const { scope, scopeName, share: requestedShare, observeMs } = plan
  const observation = { publishedAt: null, observeUntil: null, observed: false, frozen: null, leaseUntil: now.toISOString() }
  const alerts = { counted: [], alerting: [], unexplained: [] }
  const expected = predictionsOf(load, claimedScopes({ dossier: requested, scope }))
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
    ...observation,
    ...alerts,
    ...defined({ metrics: plan.metrics && newMetrics(plan.metrics), predictions: expected.length === 0 ? undefined : expected }),
  }
}

/** Number of unexplained alerts that ends a canary (see `isGuardBroken`), independent of the statistics. */
export const UNEXPLAINED_LIMIT = 2
/** Limits of counted alerts, except unexplained ones that may decide the guard: every alert rewrites the whole stored document. */
export const MAX_ALERTS_OF_BOT = 50
export const MAX_COUNTED = 2_000

export function isOpen(canary: Canary): boolean {
  return canary.state === 'publishing' || canary.state === 'observing'
}

/** States in which alerts count: publication to end of bake, and paused, because the cohort still applies the new release. */
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

/** Whether the cohort has the release and there is no verdict yet: alerts count, and people may abort. */
export function isLive(canary: Canary): boolean {
  return isOpen(canary) || canary.state === 'growing' || canary.state === 'paused'
}

/** Returns the number of the ramp step, from 1. */
export function stepNumber({ step = 0 }: Pick<Canary, 'step'>): number {
  return step + 1
}

/** Returns the stage's label in `runs show`, for example `Canary 5% traffic (National Capital Region)`. */
export function canaryLabel(canary: Pick<Canary, 'requestedShare' | 'scopeName' | 'dossier' | 'step'>): string {
  const label = `Canary ${percent(canary.requestedShare)} traffic (${canary.scopeName})`
  const steps = stepCount(canary)
  return steps === 1 ? label : `${label}, step ${stepNumber(canary)} of ${steps}`
}

export function percent(basisPoints: number): string {
  return `${basisPoints / 100}%`
}

/** Returns the summary of a canary: share, acknowledgements, unexplained alerts and future effective times. */
export function summaryOf(canary: Canary): string {
  const parts: string[] = []
  const widest = Math.max(...canary.members.map((member) => member.share))
  const numbers = botCountsOfStep(canary)
  const expected = Math.min(...numbers.map((each) => each.expected))
  const acknowledged = Math.min(...numbers.map((each) => each.acknowledged))
  if (widest !== canary.requestedShare) parts.push(`requested ${percent(canary.requestedShare)}, realised ${percent(widest)}`)
  parts.push(`${acknowledged} of ${expected} ${expected === 1 ? 'bot' : 'bots'} acknowledged`)
  parts.push(unexplainedSummary(canary))
  const begins = heldUntilText(canary.members)
  if (begins !== undefined) parts.push(begins)
  return parts.join('; ')
}

/** Returns `held until …` for releases that take effect later. */
export function heldUntilText(members: readonly { beginsAt?: string }[]): string | undefined {
  const times = [...new Set(members.flatMap(({ beginsAt }) => beginsAt ?? []))].sort()
  return times.length === 0 ? undefined : `held until ${times.join(' and ')}`
}

/** Drops effective times that have passed while the run waited: nothing is held until then. */
export function withoutPastTimes<T extends { beginsAt?: string }>(members: readonly T[], now: Date): T[] {
  return members.map((member) => (Date.parse(member.beginsAt ?? '') <= now.getTime() ? { ...member, beginsAt: undefined } : member))
}

/** Returns `2 unexplained alerts of bot-7 alone` if only one bot of a larger cohort alerts. */
function unexplainedSummary({ unexplained }: Canary): string {
  const bots = new Set(unexplained.map(({ bot }) => bot))
  const alone = unexplained.length >= UNEXPLAINED_LIMIT && bots.size === 1 ? ` of ${[...bots][0]} alone` : ''
  return `${unexplained.length} unexplained ${unexplained.length === 1 ? 'alert' : 'alerts'}${alone}`
}

/** Returns `NO_EVIDENCE: …` if for any policy no bot was connected or acknowledged; names these policies if others have evidence. */
export function lackOfEvidence(canary: Canary): string | undefined {
  const numbers = botCountsOfStep(canary)
  const silent = numbers.filter(({ heard }) => !heard)
  if (silent.length === 0) return undefined
  const isConnected = silent.some(({ connected }) => connected > 0)
  // Bots that connected after the heads were stored did not widen the share, so they may be outside the cohort.
  const hasConnectedBots = (policy: string): boolean =>
    canary.watch?.bots.some((bots) => bots.policy === policy && bots.connected > 0) === true
  const isLate = !isConnected && canary.earlier === undefined && silent.every(({ policy }) => hasConnectedBots(policy))
  const region = canary.scope === ALL_REGIONS ? '' : `of region ${canary.scope.replace(/^region:/, '')} `
  const policies = silent.map(({ policy }) => policy).join(', ')
  const suffix = silent.length === numbers.length ? '' : `${isConnected ? '' : ' with'} ${policies}`
  if (isLate) return `NO_EVIDENCE: no bot ${region}was connected${suffix} when the canary began`
  return `NO_EVIDENCE: no bot ${region}${isConnected ? 'acknowledged' : 'connected'}${suffix}`
}
