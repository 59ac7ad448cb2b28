import type { Audience, CoverageReport, FreezeNotice, PublishedHead } from '#libs/contracts'
import { describeFreeze, isSameFreeze } from '../freezes/freeze-windows.js'
import { ACK_TIMEOUT, describeSilence, isSilent, withCoverage } from '../silence.js'
import { applied, describeDecision, endsRun, lateAnswer, MANUAL, type Ownership } from '../stage/answer.js'
import { unchanged, type Asked, type Decision } from '../stage/decision.js'
import { countAlert } from './alerts.js'
import {
  beginning,
  canaryLabel,
  isLive,
  isOpen,
  lackOfEvidence,
  summaryOf,
  type Canary,
  type CanaryMember,
  type CountedAlert,
} from './canary.js'
import { describeLack, describePower, excessOf, figuresOf } from './figures.js'
import {
  CANARY_TIMERS,
  type CanaryContext,
  type CanaryEffect,
  type CanaryInput,
  type CanaryTimer,
  type PassBasis,
} from './inputs-and-effects.js'
import { areAnswered, askedAnew, describeFailed, describeMetrics, describeUnanswered, withSamples, type MetricSample } from './metrics.js'
import { isEarly, knownSince, sinceRenewal, withEarly } from './since.js'
import { closed, countedAtHeads, countedByCoverage, withAlert } from './watch.js'

type CanaryDecision = Decision<Canary, CanaryEffect>

const CANCEL_ALL: CanaryEffect = { do: 'cancel', timers: CANARY_TIMERS }

/** Everything that a canary may do: show a release to a share of one scope on lease, observe, judge, and take back. */
export function decideCanary(canary: Canary, input: CanaryInput, context: CanaryContext): CanaryDecision {
  const decision = decide(canary, input, context)
  // What comes after the verdict adds nothing to what it rests on.
  return isLive(canary) && !isLive(decision.state) ? { ...decision, state: closed(decision.state, context.now) } : decision
}

function decide(canary: Canary, input: CanaryInput, context: CanaryContext): CanaryDecision {
  switch (input.type) {
    case 'opened':
      return canary.state === 'new'
        ? open({ ...canary, dossier: input.dossier, frozen: input.frozen }, input.isProven, context)
        : unchanged(canary)
    case 'refused':
      return canary.state === 'new' ? refuse(canary, input.reason, input.detail) : unchanged(canary)
    case 'proven':
      return canary.state === 'proving' && input.isProven ? begin({ ...canary, dossier: input.dossier }, context) : unchanged(canary)
    case 'freezeChanged':
      return freezeChanged(canary, input.frozen, context)
    case 'published':
      return published(canary, input, context)
    case 'covered':
      return covered(canary, input.reports, context)
    case 'due':
      return due(canary, input.timer, context)
    case 'alerted':
      return alerted(canary, input.alert, context)
    case 'controlAlerted':
      return unchanged(withAlert(canary, { ...input.alert, arm: 'control' }, context.now))
    case 'measured':
      return measured(canary, input.samples, context)
    case 'promoted':
      // A rollback would bring back the release that the canary stands on, and its cohort would run what was just taken back.
      return canary.state === 'passed' ? end(canary, 'baking', [{ do: 'takeBack' }]) : unchanged(canary)
    case 'completed':
      return canary.state === 'baking' ? end(canary, 'ended') : unchanged(canary)
    case 'ended':
      return canary.attempt <= input.attempt ? letGo(canary) : unchanged(canary)
    case 'asked':
      return answer(canary, input, context)
  }
}

function open(canary: Canary, isProven: boolean, context: CanaryContext): CanaryDecision {
  if (isProven) return begin(canary, context)
  const { run, attempt } = canary
  const data = { run, attempt, label: canaryLabel(canary), detail: 'waiting for the audit log to hold the approval' }
  return { state: { ...canary, state: 'proving' }, effects: [{ do: 'emit', type: 'hms.canary.delayed.v1', data }] }
}

function begin(canary: Canary, context: CanaryContext): CanaryDecision {
  return canary.frozen === null
    ? publish(canary, context)
    : { state: { ...canary, state: 'waiting' }, effects: [delayed(canary, canary.frozen)] }
}

/** Nothing goes forward during a freeze: no first head, and no time that counts as observed. What is published stays, on its lease. */
function freezeChanged(canary: Canary, frozen: FreezeNotice | null, context: CanaryContext): CanaryDecision {
  // A freeze of another region, or one that ends before the one that holds: nothing changes for this canary.
  if (isSameFreeze(canary.frozen, frozen)) return unchanged(canary)
  const seen = { ...canary, frozen }
  switch (canary.state) {
    case 'waiting':
      return frozen === null ? publish(seen, context) : { state: seen, effects: [delayed(seen, frozen)] }
    case 'observing':
      if (canary.observed) return { state: seen, effects: [] }
      return frozen === null ? observe(seen, context) : stopClock(seen, frozen, context)
    case 'proving':
    case 'publishing':
    case 'paused':
      return { state: seen, effects: [] }
    default:
      return unchanged(canary)
  }
}

function stopClock(canary: Canary, frozen: FreezeNotice, { now }: CanaryContext): CanaryDecision {
  const remainingMs = canary.remainingMs ?? Math.max(0, Date.parse(canary.observeUntil!) - now.getTime())
  const effects: CanaryEffect[] = [{ do: 'cancel', timers: ['observe'] }, delayed(canary, frozen)]
  return { state: { ...canary, observeUntil: null, remainingMs }, effects }
}

function delayed(canary: Canary, frozen: FreezeNotice): CanaryEffect {
  const { run, attempt } = canary
  const detail = `waits for ${describeFreeze(frozen)}`
  return { do: 'emit', type: 'hms.canary.delayed.v1', data: { run, attempt, label: canaryLabel(canary), detail, reason: 'FREEZE' } }
}

/** No reader sees what no stage before this one vouches for. */
function refuse(canary: Canary, reason: string, detail: string): CanaryDecision {
  return { state: { ...canary, state: 'failed' }, effects: [{ do: 'fail', reason, detail }] }
}

function publish(canary: Canary, context: CanaryContext): CanaryDecision {
  const { run, attempt } = canary
  const data = { run, attempt, label: canaryLabel(canary), detail: 'waiting for the cohort to acknowledge' }
  return lease({ ...canary, state: 'publishing' }, context, false, [{ do: 'emit', type: 'hms.canary.started.v1', data }])
}

/** New heads for all policies, and the timer that renews them in time. */
function lease(canary: Canary, { now, leaseMs }: CanaryContext, fast: boolean, after: CanaryEffect[] = []): CanaryDecision {
  const effects: CanaryEffect[] = [{ do: 'issueHeads', fast }, { do: 'schedule', timer: 'lease', inMs: leaseMs / 3 }, ...after]
  return { state: { ...sinceRenewal(canary, now), leaseUntil: new Date(now.getTime() + leaseMs).toISOString() }, effects }
}

function published(
  before: Canary,
  { heads, at }: Pick<Extract<CanaryInput, { type: 'published' }>, 'heads' | 'at'>,
  context: CanaryContext,
): CanaryDecision {
  const isStored = heads.some(
    ({ policy, scope, seq }) => scope === before.scope && before.members.some((m) => m.policy === policy && m.seq === seq),
  )
  if (!isEarly(before) || !isStored) return audienceKnown(before, heads, context)
  const { canary, alerts } = knownSince(before, at)
  // What waited for this is judged as if it came now.
  return alerts.reduce<CanaryDecision>(
    ({ state, effects }, alert) => {
      const next = alerted(state, alert, context)
      return { state: next.state, effects: [...effects, ...next.effects] }
    },
    audienceKnown(canary, heads, context),
  )
}

function audienceKnown(before: Canary, heads: readonly PublishedHead[], context: CanaryContext): CanaryDecision {
  const canary = countedAtHeads(before, heads, context)
  const stored = new Map(heads.filter(({ scope }) => scope === canary.scope).map((head) => [head.policy, head]))
  const isNews = ({ policy, seq }: CanaryMember): boolean => stored.get(policy)?.seq === seq
  if (canary.state !== 'publishing' || !canary.members.some(isNews)) return unchanged(canary)
  const members = canary.members.map((member) => (isNews(member) ? withAudience(member, stored.get(member.policy)!.audience) : member))
  const seen = { ...canary, members }
  const narrow = members.filter((member) => isNews(member) && !member.published)
  if (narrow.length > 0) return widen(seen, narrow, context)
  const decision = observeWhenReady(seen, context)
  // The time for acknowledgements begins once the cohort can see all heads.
  const isComplete = decision.effects.length === 0 && isPublished(seen) && !isPublished(canary)
  return isComplete ? awaitAcknowledgements(seen, context) : decision
}

/** Where nobody of the scope falls below the share, the smallest share that takes in one bot: its head has to be issued again. */
function withAudience(member: CanaryMember, { connected, cohort, smallestBucket }: Audience): CanaryMember {
  const counted = { ...member, connected, expected: cohort }
  const isNarrow = connected > 0 && cohort === 0 && smallestBucket !== null
  return isNarrow ? { ...counted, published: false, share: smallestBucket + 1 } : { ...counted, published: true }
}

function widen(canary: Canary, narrow: readonly CanaryMember[], { now, leaseMs }: CanaryContext): CanaryDecision {
  const leaseUntil = new Date(now.getTime() + leaseMs).toISOString()
  const policies = narrow.map(({ policy }) => policy)
  return { state: { ...canary, leaseUntil }, effects: [{ do: 'issueHeads', fast: false, policies }] }
}

function covered(before: Canary, reports: readonly CoverageReport[], context: CanaryContext): CanaryDecision {
  if (!isLive(before)) return unchanged(before)
  const canary = countedByCoverage(before, reports, context)
  const members = withCoverage(canary.members, canary.scope, reports).map((member) => ({
    ...member,
    heard: member.heard || member.acknowledged > 0,
    connected: Math.max(member.connected, member.expected),
  }))
  const counted = { ...canary, members }
  if (counted.state === 'publishing') return observeWhenReady(counted, context)
  if (counted.state === 'observing' && counted.observed && !isSilent(counted.members)) return judge(counted, context)
  return unchanged(counted)
}

function due(canary: Canary, timer: CanaryTimer, context: CanaryContext): CanaryDecision {
  switch (timer) {
    case 'acknowledge':
      return acknowledgementsOverdue(canary, context)
    case 'observe': {
      if (canary.state !== 'observing' || canary.observed || canary.remainingMs !== undefined) return unchanged(canary)
      const observed = { ...canary, observed: true }
      // Bots that joined during the observation have their time to acknowledge, too.
      return isSilent(observed.members) ? awaitAcknowledgements(observed, context) : judge(observed, context)
    }
    case 'lease':
      return renew(canary, context)
    case 'measure':
      return unchanged(canary)
  }
}

function awaitAcknowledgements(canary: Canary, { acknowledgeMs }: CanaryContext): CanaryDecision {
  return { state: canary, effects: [{ do: 'schedule', timer: 'acknowledge', inMs: acknowledgeMs }] }
}

/** A cohort that is connected and silent proves nothing; bots that left meanwhile are no longer waited for. */
function acknowledgementsOverdue(canary: Canary, context: CanaryContext): CanaryDecision {
  const isAwaited = canary.state === 'publishing' || (canary.state === 'observing' && canary.observed)
  if (!isAwaited) return unchanged(canary)
  if (isSilent(canary.members)) return pause(canary, ACK_TIMEOUT, describeSilence(canary.members), context)
  return canary.state === 'publishing' ? observe(canary, context) : judge(canary, context)
}

/** Keeps the canary alive while it is needed. After a controller was away too long its cohort has fallen back. */
function renew(canary: Canary, context: CanaryContext): CanaryDecision {
  if (!isLive(canary) && canary.state !== 'passed') return unchanged(canary)
  if (Date.parse(canary.leaseUntil) > context.now.getTime() || !isOpen(canary)) return lease(canary, context, true)
  const detail = `the lease ended at ${canary.leaseUntil} before it was renewed; the cohort has fallen back`
  return pause(canary, 'LEASE_LAPSED', detail, context)
}

function alerted(canary: Canary, alert: CountedAlert, { now }: CanaryContext): CanaryDecision {
  if (isEarly(canary)) return unchanged(withEarly(canary, alert))
  const guarded = countAlert(canary, alert)
  const isEvent = guarded.canary !== canary && !alert.explained && alert.connected
  const counted = { ...guarded, canary: isEvent ? withAlert(guarded.canary, { ...alert, arm: 'cohort' }, now) : guarded.canary }
  const excess = isLive(canary) && isEvent ? excessOf(counted.canary) : undefined
  if (counted.broken === undefined && excess === undefined) return unchanged(counted.canary)
  const reason = counted.broken === undefined ? 'ALERT_RATE' : 'UNEXPLAINED_ALERTS'
  const detail = counted.broken ?? excess!
  // A pause is a question about evidence: here is an answer, and the cohort still lives under the new rule.
  if (isLive(canary)) return end(counted.canary, 'failed', [{ do: 'takeBack' }], [{ do: 'fail', reason, detail }])
  const { run, attempt } = canary
  const alarm: CanaryEffect = { do: 'emit', type: 'hms.canary.alarmed.v1', data: { run, attempt, reason, detail } }
  // It had passed: rollout takes back what it made live, and the canary takes back what is still a canary.
  return end(counted.canary, 'failed', canary.state === 'passed' ? [{ do: 'takeBack' }] : [], [alarm])
}

/** A metric that fails is an answer about the rule; one that nobody answers for is a question to people. */
function measured(before: Canary, samples: readonly MetricSample[], context: CanaryContext): CanaryDecision {
  if (before.state !== 'observing') return unchanged(before)
  const metrics = withSamples(before.metrics ?? [], samples)
  const canary = { ...before, metrics }
  const [failed, unanswered] = [describeFailed(metrics), describeUnanswered(metrics)]
  if (failed !== undefined) return end(canary, 'failed', [{ do: 'takeBack' }], [{ do: 'fail', reason: 'METRIC_FAILED', detail: failed }])
  if (unanswered !== undefined) return pause(canary, 'METRIC_UNANSWERED', unanswered, context)
  const judged = canary.observed && !isSilent(canary.members) ? judge(canary, context) : unchanged(canary)
  if (judged.state.state !== 'observing') return judged
  return { state: judged.state, effects: [...judged.effects, { do: 'schedule', timer: 'measure', inMs: context.measureMs }] }
}

/** Observation begins when all heads are stored and their cohorts have acknowledged them. */
function observeWhenReady(canary: Canary, context: CanaryContext): CanaryDecision {
  const isCovered = ({ connected, expected, acknowledged }: CanaryMember): boolean =>
    connected === 0 || (expected > 0 && acknowledged >= expected)
  return isPublished(canary) && canary.members.every(isCovered) ? observe(canary, context) : unchanged(canary)
}

/** From here on, for as long as the plan says or as a freeze left of it. */
function observe(canary: Canary, context: CanaryContext): CanaryDecision {
  const { now } = context
  const { run, attempt, observeMs, remainingMs, ...rest } = canary
  const leftMs = remainingMs ?? observeMs
  const until = new Date(now.getTime() + leftMs).toISOString()
  const observing: Canary = { ...rest, run, attempt, observeMs, state: 'observing', observeUntil: until }
  if (canary.frozen !== null) {
    const { state, effects } = stopClock(observing, canary.frozen, context)
    return { state, effects: [{ do: 'cancel', timers: ['acknowledge'] }, ...effects] }
  }
  const detail = `${lackOfEvidence(observing) ?? summaryOf(observing)}; observed until ${until}`
  const effects: CanaryEffect[] = [
    { do: 'cancel', timers: ['acknowledge'] },
    { do: 'schedule', timer: 'observe', inMs: leftMs },
    ...((canary.metrics ?? []).length > 0 ? [{ do: 'schedule' as const, timer: 'measure' as const, inMs: 0 }] : []),
    { do: 'emit', type: 'hms.canary.observation-started.v1', data: { run, attempt, detail, until } },
  ]
  return { state: observing, effects }
}

/** The observation is over and the guard held. Without anyone to observe, or by numbers that are not to be trusted, that proves nothing. */
function judge(canary: Canary, context: CanaryContext): CanaryDecision {
  const metrics = canary.metrics ?? []
  // The next look at them comes by itself, and with it the verdict.
  if (!areAnswered(metrics)) return { state: canary, effects: [] }
  const isRequired = context.evidence === 'required'
  const lack = lackOfEvidence(canary)
  if (lack !== undefined) return isRequired ? pause(canary, 'NO_EVIDENCE', lack, context) : pass(canary, 'unobserved', lack)
  const figures = figuresOf(canary, context)
  const [doubt, ...more] = figures?.lacks ?? []
  if (doubt !== undefined && isRequired) return pause(canary, doubt, [doubt, ...more].map(describeLack).join('; '), context)
  if (canary.dossier.plan.requirePower === true && figures?.isDoublingExcluded !== true) {
    const detail = figures === undefined ? 'LOW_POWER: config-store has not counted the bots' : describePower(figures)
    return pause(canary, 'LOW_POWER', detail, context)
  }
  const power = figures === undefined || beginning(canary.members) !== undefined ? [] : [describePower(figures)]
  return pass(
    canary,
    'observed',
    [summaryOf(canary), ...describeMetrics(metrics), ...(figures?.lacks ?? []).map(describeLack), ...power].join('; '),
  )
}

/** The lease goes on until the stable heads have taken over. */
function pass(canary: Canary, basis: PassBasis, summary: string): CanaryDecision {
  const effects: CanaryEffect[] = [
    { do: 'cancel', timers: ['acknowledge', 'observe', 'measure'] },
    { do: 'pass', basis, summary },
  ]
  return { state: { ...canary, state: 'passed' }, effects }
}

function pause(canary: Canary, reason: string, detail: string, context: CanaryContext): CanaryDecision {
  const { run, attempt } = canary
  const next = [`hms-svc runs resume ${run} --reason TEXT --sign NAME`]
  const figures = figuresOf(canary, context)
  const shown = figures === undefined ? {} : { figures }
  const data = { run, attempt, reason, detail, label: canaryLabel(canary), next, ...shown }
  const effects: CanaryEffect[] = [
    { do: 'cancel', timers: ['acknowledge', 'observe', 'measure'] },
    { do: 'emit', type: 'hms.canary.paused.v1', data },
  ]
  return { state: { ...canary, state: 'paused' }, effects }
}

/** What ends the run follows it to the stage that owns it; the other decisions count here or nowhere. */
export function ownershipOfCanary(canary: Canary, { decision, stage }: Asked['decision']): Ownership {
  if (endsRun(decision)) return isLive(canary) || isUnpublished(canary) ? 'applied' : 'elsewhere'
  if (stage !== 'canary') return 'elsewhere'
  return mayApply(canary, decision) ? 'applied' : 'late'
}

function mayApply(canary: Canary, decision: Asked['decision']['decision']): boolean {
  switch (decision) {
    case 'pause':
      return isOpen(canary)
    case 'extend':
      return canary.state === 'paused' || (canary.state === 'observing' && !canary.observed)
    case 'promote':
      // Before its cohort has answered nobody has seen anything that would be enough.
      return canary.state === 'paused' || canary.state === 'observing'
    default:
      return canary.state === 'paused'
  }
}

/** The answer comes before what it leads to: the run's view never shows the effect without its cause. */
function answer(canary: Canary, asked: Asked, context: CanaryContext): CanaryDecision {
  const { decision } = asked
  const ownership = decision.attempt < canary.attempt ? 'elsewhere' : ownershipOfCanary(canary, decision)
  if (ownership === 'elsewhere') return unchanged(canary)
  const late = lateAnswer(asked, ownership, `the canary is ${canary.state}`)
  if (late !== undefined) return { state: canary, effects: [late] }
  const { state, effects } = apply(canary, decision, context)
  return { state, effects: [applied(decision), ...effects] }
}

function apply(canary: Canary, decision: Asked['decision'], context: CanaryContext): CanaryDecision {
  switch (decision.decision) {
    case 'abort':
    case 'supersede':
    case 'retry':
      return letGo(canary)
    case 'resume':
      return resume(canary, context)
    case 'promote':
      return pass(canary, 'promoted', describeDecision(decision))
    case 'pause':
      return pause(canary, MANUAL, describeDecision(decision), context)
    case 'extend':
      return extend(canary, decision.byMs ?? 0, context)
  }
}

/** It starts again from its publication: heads that are stored anew say which bots are there now. Alerts go on counting. */
function resume(canary: Canary, context: CanaryContext): CanaryDecision {
  const members = canary.members.map((member) => ({ ...member, published: false, acknowledged: 0, silent: [] }))
  const { remainingMs: _remainingMs, ...rest } = canary
  const asked = rest.metrics === undefined ? {} : { metrics: askedAnew(rest.metrics) }
  return lease({ ...rest, ...asked, state: 'publishing', observed: false, observeUntil: null, members }, context, true)
}

/** A longer observation; one that is paused asks its bots again and then observes for that long. */
function extend(canary: Canary, byMs: number, context: CanaryContext): CanaryDecision {
  if (canary.state === 'paused') {
    const { state, effects } = resume(canary, context)
    return { state: { ...state, remainingMs: byMs }, effects }
  }
  const leftMs = canary.remainingMs ?? Math.max(0, Date.parse(canary.observeUntil!) - context.now.getTime())
  return observe({ ...canary, remainingMs: leftMs + byMs }, context)
}

/** The run is over: what is published goes back at once. */
function letGo(canary: Canary): CanaryDecision {
  if (isUnpublished(canary) || canary.state === 'baking') return end(canary, 'ended')
  return isLive(canary) || canary.state === 'passed' ? end(canary, 'ended', [{ do: 'takeBack' }]) : unchanged(canary)
}

/** `first` before the timers go, `last` when all else is done. */
function end(canary: Canary, state: Canary['state'], first: CanaryEffect[] = [], last: CanaryEffect[] = []): CanaryDecision {
  return { state: { ...canary, state }, effects: [...first, CANCEL_ALL, ...last] }
}

/** It was opened, and no reader has seen it. */
function isUnpublished({ state }: Canary): boolean {
  return state === 'proving' || state === 'waiting'
}

function isPublished({ members }: Canary): boolean {
  return members.every((member) => member.published)
}
