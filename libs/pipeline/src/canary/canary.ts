import type { FreezeNotice, MetricFigures, PassedStep, PredictedLoad, RunDossier, ScenarioRule } from '#libs/contracts'
import type { BotCount } from '../late-joiners.js'
import type { StageState } from '../stage/decision.js'
import { ALL_REGIONS } from '#libs/policy'
import { newMetrics } from './metrics.js'
import { predictionsOf, type Prediction } from './prediction.js'
import type { CanaryWatch } from './canary-watch.js'
import type { AlertingBot, CountedAlert, UnexplainedAlert } from './counted-alert.js'
import type { RegionHolder } from './region-holder.js'
import { numbersOfStep, type CanaryMember, type PlacedMember } from './members.js'
import { claimedScopes, stepCount } from './plan-steps.js'

/** The canary of a run: a lease on a share of one scope, watched for unexplained alerts. */
export interface Canary extends StageState {
  /**
   * `proving`: not published before the log holds the approvals. `waiting`: not published while a freeze holds, or another canary has the
   * region. `growing`: a step has passed, and the next is not shown yet. `baking`: taken back for the stable head, and still watched for
   * alerts.
   */
  state: 'new' | 'proving' | 'waiting' | 'publishing' | 'observing' | 'growing' | 'passed' | 'baking' | 'failed' | 'paused' | 'ended'
  /** Of the step that is under way, as the plan asks for it. */
  scope: string
  scopeName: string
  requestedShare: number
  observeMs: number
  /** Index of the step, where the plan has several; and since when its heads are issued. */
  step?: number
  stepAt?: string
  /** Of a bundle: its smallest policy id. Canaries that an earlier version began have none, and keep a cohort for each policy. */
  cohortKey?: string
  /** Heads of the step that is under way. */
  members: CanaryMember[]
  /** Heads of earlier steps in other scopes: they are renewed, and taken back, with these. */
  earlier?: PlacedMember[]
  /** Where the plan has several steps: those that were passed. */
  passed?: PassedStep[]
  /** When the first head was stored, or the first after a lease that had lapsed: alerts count from here. */
  publishedAt: string | null
  /** Alerts that came before it was known since when heads are stored that their bots live under. */
  early?: CountedAlert[]
  observeUntil: string | null
  /** The freeze that holds in its scope, as it was last told. */
  frozen: FreezeNotice | null
  /** The run that it waits for, as it was last told. */
  behind?: RegionHolder
  /** What is left of the observation, while a freeze stops its clock. */
  remainingMs?: number
  /** The observation is over, and the verdict waits for bots that joined meanwhile. */
  observed: boolean
  leaseUntil: string
  /** One key of bot and reading for every counted alert, so that none counts twice. */
  counted: string[]
  /** Bots that alerted, explained or not. */
  alerting: AlertingBot[]
  unexplained: UnexplainedAlert[]
  /** By scope, where the replay had readings to predict from; and the alerts that earlier steps counted. */
  predictions?: Prediction[]
  alertsBefore?: number
  /** By policy: how many bots its cohort had lately. Rows of earlier versions have none. */
  counts?: Record<string, BotCount[]>
  /** What the statistics count, from the first time that the store counted the bots. */
  watch?: CanaryWatch
  /** How the metrics of the plan fared so far; the plan has what is asked. */
  metrics?: MetricFigures[]
  scenarios: ScenarioRule[]
  dossier: RunDossier
}

/**
 * A canary that has published nothing yet. `begins`: when each policy takes effect, where that lies ahead. `load`: alerts that the replay
 * predicts.
 */
export function newCanary(
  asked: RunDossier,
  origin: Pick<Canary, 'key' | 'causationId' | 'traceparent' | 'dossier' | 'scenarios'>,
  { now, begins, load }: { now: Date; begins: ReadonlyMap<string, string>; load?: PredictedLoad },
): Canary {
  const { run, attempt, plan, releases, live, liveSeqs = {} } = asked
  const unknown = { seq: 0, published: false, connected: 0, expected: 0, acknowledged: 0, heard: false }
  const members = releases.map(({ id, releaseDigest }) => {
    const [base, baseSeq, at] = [live[id]?.releaseDigest ?? null, liveSeqs[id], begins.get(id)]
    return {
      policy: id,
      release: releaseDigest,
      base,
      ...(baseSeq === undefined ? {} : { baseSeq }),
      share: plan.share,
      ...unknown,
      silent: [],
      ...(at === undefined ? {} : { beginsAt: at }),
    }
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

/** Two unexplained alerts of two bots end a canary: the hard guard, whatever the statistics say. */
export const UNEXPLAINED_LIMIT = 2
/**
 * What one bot may add to a canary, and all of them, beside unexplained alerts that may decide the guard: the document is written whole
 * with every alert.
 */
export const MAX_ALERTS_OF_BOT = 50
export const MAX_COUNTED = 2_000

export function isOpen(canary: Canary): boolean {
  return canary.state === 'publishing' || canary.state === 'observing'
}

/**
 * An alert counts from the publication to the end of the bake. One that is paused goes on counting: its cohort lives under the new rule.
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

/** Its cohort lives under it, and its verdict is open: alerts count, and people may abort it. */
export function isLive(canary: Canary): boolean {
  return isOpen(canary) || canary.state === 'growing' || canary.state === 'paused'
}

/** `Canary 5% traffic (National Capital Region)`: the stage's own label in `runs show`. */
export function canaryLabel(canary: Pick<Canary, 'requestedShare' | 'scopeName' | 'dossier' | 'step'>): string {
  const label = `Canary ${percent(canary.requestedShare)} traffic (${canary.scopeName})`
  const steps = stepCount(canary)
  return steps === 1 ? label : `${label}, step ${(canary.step ?? 0) + 1} of ${steps}`
}

export function percent(basisPoints: number): string {
  return `${basisPoints / 100}%`
}

/** What is said of a canary that held, and whether there was anyone to hold it. */
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

/** `held until …` for releases that are in force only later. */
export function beginning(members: readonly { beginsAt?: string }[]): string | undefined {
  const times = [...new Set(members.flatMap(({ beginsAt }) => beginsAt ?? []))].sort()
  return times.length === 0 ? undefined : `held until ${times.join(' and ')}`
}

/** `2 unexplained alerts of bot-7 alone` where a larger cohort has but one bot that complains. */
function unexplainedSummary({ unexplained }: Canary): string {
  const bots = new Set(unexplained.map(({ bot }) => bot))
  const alone = unexplained.length >= UNEXPLAINED_LIMIT && bots.size === 1 ? ` of ${[...bots][0]} alone` : ''
  return `${unexplained.length} unexplained ${unexplained.length === 1 ? 'alert' : 'alerts'}${alone}`
}

/**
 * `NO_EVIDENCE: …` when of one of its policies no bot of the step's scope was there, or none ever said that it runs the canary. The policy
 * is named where others have evidence.
 */
export function lackOfEvidence(canary: Canary): string | undefined {
  const numbers = numbersOfStep(canary)
  const unheard = numbers.filter(({ heard }) => !heard)
  if (unheard.length === 0) return undefined
  const isConnected = unheard.some(({ connected }) => connected > 0)
  const region = canary.scope === ALL_REGIONS ? '' : `of region ${canary.scope.replace(/^region:/, '')} `
  const policies = unheard.map(({ policy }) => policy).join(', ')
  const what = unheard.length === numbers.length ? '' : `${isConnected ? '' : ' with'} ${policies}`
  return `NO_EVIDENCE: no bot ${region}${isConnected ? 'acknowledged' : 'connected'}${what}`
}
