import { command, defined, type FreezeNotice, type PassedStep } from '#libs/contracts'
import { describeFreeze } from '../freezes/freeze-windows.js'
import { precededBy, unchanged, type Decision } from '../stage/decision.js'
import { heldUntilText, canaryLabel, isLive, lackOfEvidence, summaryOf, withoutPastTimes, type Canary } from './canary.js'
import { describeLack, describePower, figuresOf } from './figures.js'
import { CANARY_TIMERS, type CanaryContext, type CanaryEffect, type PassBasis } from './inputs-and-effects.js'
import { botCounts, botCountsOfStep, headsOf, UNISSUED, type CanaryMember, type CohortCounts, type ScopedMember } from './members.js'
import { haveResults, describeMetrics, newMetrics } from './metrics.js'
import { followingStep, stepCount } from './plan-steps.js'
import { alertsOf, describeLoad } from './prediction.js'
import { describeHolder, type RegionHolder } from './region-holder.js'
import { storedShares, suspendAlertsIfLapsed } from './alert-timing.js'
import { restartWatch } from './watch.js'

export type CanaryDecision = Decision<Canary, CanaryEffect>

const CANCEL_ALL: CanaryEffect = { do: 'cancel', timers: CANARY_TIMERS }

/** Publishes the first heads, or waits while a freeze is active or another canary has the region. */
export function begin(canary: Canary, context: CanaryContext): CanaryDecision {
  const { frozen, behind } = canary
  if (frozen !== null) return { state: { ...canary, state: 'waiting' }, effects: [delayedByFreeze(canary, frozen)] }
  if (behind !== undefined) return { state: { ...canary, state: 'waiting' }, effects: [delayedByRegion(canary, behind)] }
  return publish(canary, context)
}

export function delayedByFreeze(canary: Canary, frozen: FreezeNotice): CanaryEffect {
  const { run, attempt } = canary
  const detail = `waits for ${describeFreeze(frozen)}`
  return { do: 'emit', type: 'hms.canary.delayed.v1', data: { run, attempt, label: canaryLabel(canary), detail, reason: 'FREEZE' } }
}

function delayedByRegion(canary: Canary, behind: RegionHolder): CanaryEffect {
  const { run, attempt } = canary
  const data = { run, attempt, label: canaryLabel(canary), detail: describeHolder(behind), behind: behind.run }
  return { do: 'emit', type: 'hms.canary.delayed.v1', data }
}

function publish(waited: Canary, context: CanaryContext): CanaryDecision {
  const canary = { ...waited, members: withoutPastTimes(waited.members, context.now) }
  const { run, attempt, step = 0 } = canary
  const [stepNumber, stepStart] = stepCount(canary) === 1 ? [{}, {}] : [{ step: step + 1 }, { stepAt: context.now.toISOString() }]
  const data = { run, attempt, label: canaryLabel(canary), detail: 'waiting for the cohort to acknowledge', ...stepNumber }
  return lease({ ...canary, ...stepStart, state: 'publishing' }, context, false, [{ do: 'emit', type: 'hms.canary.started.v1', data }])
}

/** Issues new heads for all policies, and schedules their renewal. `after`: effects that follow. */
export function lease(canary: Canary, { now, leaseMs }: CanaryContext, fast: boolean, after: CanaryEffect[] = []): CanaryDecision {
  const effects: CanaryEffect[] = [{ do: 'issueHeads', fast }, { do: 'schedule', timer: 'lease', inMs: leaseMs / 3 }, ...after]
  return { state: { ...suspendAlertsIfLapsed(canary, now), leaseUntil: new Date(now.getTime() + leaseMs).toISOString() }, effects }
}

/** Starts the observation if all heads are stored and all expected bots have acknowledged. */
export function observeWhenReady(canary: Canary, context: CanaryContext): CanaryDecision {
  const isCovered = ({ connected, expected, acknowledged }: CohortCounts): boolean =>
    connected === 0 || (expected > 0 && acknowledged >= expected)
  return isPublished(canary) && botCounts(canary).every(isCovered) ? observe(canary, context) : unchanged(canary)
}

/** Starts the observation for the plan's `observeMs`, or for `remainingMs` after an interruption. */
export function observe(canary: Canary, context: CanaryContext): CanaryDecision {
  const { now } = context
  const { run, attempt, observeMs, remainingMs, ...rest } = canary
  const leftMs = remainingMs ?? observeMs
  const until = new Date(now.getTime() + leftMs).toISOString()
  const observing: Canary = { ...rest, run, attempt, observeMs, state: 'observing', observeUntil: until }
  if (canary.frozen !== null)
    return precededBy([{ do: 'cancel', timers: ['acknowledge'] }], suspendObservation(observing, canary.frozen, context))
  const detail = `${lackOfEvidence(observing) ?? summaryOf(observing)}; observed until ${until}`
  const effects: CanaryEffect[] = [
    { do: 'cancel', timers: ['acknowledge'] },
    { do: 'schedule', timer: 'observe', inMs: leftMs },
    ...((canary.metrics ?? []).length > 0 ? [{ do: 'schedule' as const, timer: 'measure' as const, inMs: 0 }] : []),
    { do: 'emit', type: 'hms.canary.observation-started.v1', data: { run, attempt, detail, until } },
  ]
  return { state: observing, effects }
}

export function suspendObservation(canary: Canary, frozen: FreezeNotice, { now }: CanaryContext): CanaryDecision {
  const remainingMs = canary.remainingMs ?? Math.max(0, Date.parse(canary.observeUntil!) - now.getTime())
  const effects: CanaryEffect[] = [{ do: 'cancel', timers: ['observe'] }, delayedByFreeze(canary, frozen)]
  return { state: { ...canary, observeUntil: null, remainingMs }, effects }
}

export function awaitAcknowledgements(canary: Canary, { acknowledgeMs }: CanaryContext): CanaryDecision {
  return { state: canary, effects: [{ do: 'schedule', timer: 'acknowledge', inMs: acknowledgeMs }] }
}

/** Judges an observation without too many unexplained alerts. Missing bots or unreliable counts pause it if evidence is required. */
export function judge(canary: Canary, context: CanaryContext): CanaryDecision {
  const metrics = canary.metrics ?? []
  // The next metric check is already scheduled; it judges again.
  if (!haveResults(metrics)) return { state: canary, effects: [] }
  const isRequired = context.evidence === 'required'
  const lack = lackOfEvidence(canary)
  if (lack !== undefined) return isRequired ? pause(canary, 'NO_EVIDENCE', lack, context) : pass(canary, 'unobserved', lack, context)
  const figures = figuresOf(canary, context)
  const [firstLack, ...more] = figures?.lacks ?? []
  if (firstLack !== undefined && isRequired) return pause(canary, firstLack, [firstLack, ...more].map(describeLack).join('; '), context)
  if (canary.dossier.plan.requirePower === true && figures?.isDoublingExcluded !== true) {
    const detail = figures === undefined ? 'LOW_POWER: config-store has not counted the bots' : describePower(figures)
    return pause(canary, 'LOW_POWER', detail, context)
  }
  const power = figures === undefined || heldUntilText(canary.members) !== undefined ? [] : [describePower(figures)]
  return pass(
    canary,
    'observed',
    [
      summaryOf(canary),
      ...describeLoad(figures?.load),
      ...describeMetrics(metrics),
      ...(figures?.lacks ?? []).map(describeLack),
      ...power,
    ].join('; '),
    context,
  )
}

/** Passes the current step; the last step passes the canary. The lease is renewed until stable heads replace the canary heads. */
export function pass(canary: Canary, basis: PassBasis, summary: string, context: CanaryContext): CanaryDecision {
  const cancel: CanaryEffect = { do: 'cancel', timers: ['acknowledge', 'observe', 'measure'] }
  if (stepCount(canary) === 1) return { state: { ...canary, state: 'passed' }, effects: [cancel, { do: 'pass', basis, summary }] }
  // Drops an earlier pass of this step: people may have paused the canary after the pass, and resumed it.
  const passed = [...(canary.passed ?? []).slice(0, canary.step ?? 0), passedStep(canary, basis, summary, context)]
  if (followingStep(canary) === undefined)
    return { state: { ...canary, state: 'passed', passed }, effects: [cancel, { do: 'pass', basis: weakestBasis(passed), summary }] }
  const { run, attempt } = canary
  const data = { run, attempt, label: canaryLabel(canary), detail: summary, steps: passed }
  // A timer starts the next step, because this transaction has not checked whether the scope of that step is frozen.
  const effects: CanaryEffect[] = [
    cancel,
    { do: 'emit', type: 'hms.canary.step-passed.v1', data },
    { do: 'schedule', timer: 'grow', inMs: 0 },
  ]
  return { state: { ...canary, state: 'growing', passed }, effects }
}

/** Issues the heads of the next step; heads of earlier steps stay. */
export function grow(canary: Canary, context: CanaryContext): CanaryDecision {
  return publish(atNextStep(canary, context.now), context)
}

function passedStep(canary: Canary, basis: PassBasis, summary: string, context: CanaryContext): PassedStep {
  const { step = 0, scope, scopeName, requestedShare, members } = canary
  const numbers = botCountsOfStep(canary)
  const figures = figuresOf(canary, context)
  return {
    step: step + 1,
    scope,
    scopeName,
    requestedShare,
    realisedShare: Math.max(...members.map(({ share }) => share)),
    cohort: Math.max(...numbers.map(({ expected }) => expected)),
    connected: Math.max(...numbers.map(({ connected }) => connected)),
    basis,
    summary,
    startedAt: canary.stepAt!,
    endedAt: context.now.toISOString(),
    ...(figures === undefined ? {} : { figures }),
  }
}

export function pause(canary: Canary, reason: string, detail: string, context: CanaryContext): CanaryDecision {
  const { run, attempt } = canary
  const next = [command('runs.decide', { decision: 'resume', run })]
  const data = { run, attempt, reason, detail, label: canaryLabel(canary), next, ...defined({ figures: figuresOf(canary, context) }) }
  const effects: CanaryEffect[] = [
    { do: 'cancel', timers: ['acknowledge', 'observe', 'measure'] },
    { do: 'emit', type: 'hms.canary.paused.v1', data },
  ]
  return { state: { ...canary, state: 'paused' }, effects }
}

/** Ends the canary of a run that ended: takes back published heads immediately. */
export function abandon(canary: Canary): CanaryDecision {
  if (isUnpublished(canary) || canary.state === 'baking') return end(canary, 'ended')
  return isLive(canary) || canary.state === 'passed' ? end(canary, 'ended', [{ do: 'takeBack' }]) : unchanged(canary)
}

/** Ends the canary and cancels its timers. `first`: effects before the cancellation. `last`: effects after it. */
export function end(canary: Canary, state: Canary['state'], first: CanaryEffect[] = [], last: CanaryEffect[] = []): CanaryDecision {
  return { state: { ...canary, state }, effects: [...first, CANCEL_ALL, ...last] }
}

/** Whether the canary was opened but has issued no heads. */
export function isUnpublished({ state }: Canary): boolean {
  return state === 'proving' || state === 'waiting'
}

export function isPublished({ members }: Canary): boolean {
  return members.every((member) => member.published)
}

export function withHolder({ behind: _before, ...canary }: Canary, behind: RegionHolder | null = null): Canary {
  return behind === null ? canary : { ...canary, behind }
}

/**
 * Returns the canary at its next step. Heads of other scopes stay. The share never shrinks, even if it was widened beyond the next
 * requested share, so that a bot keeps the release. Observation and metrics restart; unexplained alerts continue to count.
 */
function atNextStep(canary: Canary, now: Date): Canary {
  const { observeUntil: _until, remainingMs: _remaining, counts: _counts, watch, ...rest } = canary
  const step = followingStep(canary)!
  const heads = headsOf(canary).map((head): ScopedMember => ({ ...head, shown: storedShares(canary, head) }))
  const members = canary.members.map(({ policy, release, base, baseSeq, beginsAt }): CanaryMember => {
    const known = heads.find((head) => head.policy === policy && head.scope === step.scope)
    const [seq, share, shown] = [known?.seq ?? 0, Math.max(step.share, known?.share ?? 0), known?.shown ?? []]
    return { policy, release, base, ...defined({ baseSeq, beginsAt }), ...UNISSUED, seq, share, shown }
  })
  const earlier = heads.filter((head) => head.scope !== step.scope).map((head) => ({ ...head, heard: false }))
  const { metrics } = canary.dossier.plan
  return {
    ...rest,
    step: (canary.step ?? 0) + 1,
    scope: step.scope,
    scopeName: step.scopeName,
    requestedShare: step.share,
    members,
    ...(earlier.length === 0 ? {} : { earlier }),
    observeUntil: null,
    observed: false,
    ...(canary.predictions === undefined ? {} : { alertsBefore: alertsOf(canary.alerting) }),
    ...(watch === undefined ? {} : { watch: restartWatch(watch, now) }),
    ...(metrics === undefined ? {} : { metrics: newMetrics(metrics) }),
  }
}

const BASES_WEAKEST_FIRST: readonly PassBasis[] = ['unobserved', 'promoted', 'observed']

/** Returns the basis of the whole canary's verdict: the weakest basis of its steps. */
function weakestBasis(steps: readonly PassedStep[]): PassBasis {
  return BASES_WEAKEST_FIRST.find((basis) => steps.some((step) => step.basis === basis)) ?? 'observed'
}
