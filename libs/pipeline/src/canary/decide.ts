import type { Audience, CoverageReport, PublishedHead } from '#libs/contracts'
import { isSameFreeze } from '../freezes/freeze-windows.js'
import { ACK_TIMEOUT, describeSilence, applyCoverageReports, mergeCoverage } from '../silence.js'
import { unchanged } from '../stage/decision.js'
import { countAlert, mayCount } from './alerts.js'
import { handleDecision } from './handle-decision.js'
import { canaryLabel, isLive, isOpen, type Canary } from './canary.js'
import type { CountedAlert } from './counted-alert.js'
import { excessOf } from './figures.js'
import type { CanaryContext, CanaryEffect, CanaryInput, CanaryTimer } from './inputs-and-effects.js'
import { newestHeads, botCounts, type CanaryMember } from './members.js'
import { describeFailed, describeUnanswered, withSamples, type MetricSample } from './metrics.js'
import {
  awaitAcknowledgements,
  begin,
  delayedByFreeze,
  end,
  grow,
  isPublished,
  judge,
  lease,
  abandon,
  observe,
  observeWhenReady,
  pause,
  suspendObservation,
  withHolder,
  type CanaryDecision,
} from './moves.js'
import { isSameHolder } from './region-holder.js'
import { claimsRegions } from './region-turn.js'
import { recordPoint } from './series.js'
import { isEarly, recordStorage, storedShares, withEarly } from './alert-timing.js'
import { finishWatch, withHeadCounts, withCoverageCounts, countEvent } from './watch.js'
import { lateJoiners, addCount, type BotCount, type Deadline } from '../late-joiners.js'

/** Applies an input to the canary of a run, which issues leased heads for a share of one scope, observes, judges, and takes back. */
export function decideCanary(canary: Canary, input: CanaryInput, context: CanaryContext): CanaryDecision {
  const { state: decided, effects } = decide(canary, input, context)
  // Inputs after the verdict do not change its statistics.
  const finished = isLive(canary) && !isLive(decided) ? finishWatch(decided, context.now) : decided
  const state = recordPoint(finished, canary, context)
  const freesRegions = claimsRegions(canary, context.now) && !claimsRegions(state, context.now)
  return freesRegions ? { state, effects: [...effects, { do: 'freeRegions' }] } : { state, effects }
}

function decide(canary: Canary, input: CanaryInput, context: CanaryContext): CanaryDecision {
  switch (input.type) {
    case 'opened':
      return canary.state === 'new'
        ? open({ ...withHolder(canary, input.behind), dossier: input.dossier, frozen: input.frozen }, input.isProven, context)
        : unchanged(canary)
    case 'refused':
      return canary.state === 'new' ? refuse(canary, input.reason, input.detail) : unchanged(canary)
    case 'proven':
      return canary.state === 'proving' && input.isProven
        ? begin({ ...withHolder(canary, input.behind), dossier: input.dossier, frozen: input.frozen }, context)
        : unchanged(canary)
    case 'freezeChanged':
      return freezeChanged(canary, input, context)
    case 'mayGrow':
      return canary.state === 'growing' ? growOrWait({ ...canary, frozen: input.frozen }, context) : unchanged(canary)
    case 'regionFreed':
      return regionFreed(canary, input, context)
    case 'published':
      return published(canary, input, context)
    case 'covered':
      return covered(canary, input.reports, context)
    case 'due':
      return due(canary, input.timer, context)
    case 'alerted':
      return alerted(canary, input.alert, context)
    case 'controlAlerted':
      return unchanged(countEvent(canary, { ...input.alert, arm: 'control' }, context.now))
    case 'measured':
      return measured(canary, input.samples, context)
    case 'promoted':
      // The canary heads are taken back. Otherwise a rollback to their base would make them apply again, and the cohort would get the
      // release that was just rolled back.
      return canary.state === 'passed' ? end(canary, 'baking', [{ do: 'takeBack' }]) : unchanged(canary)
    case 'completed':
      return canary.state === 'baking' ? end(canary, 'ended') : unchanged(canary)
    case 'ended':
      return canary.attempt <= input.attempt ? abandon(canary) : unchanged(canary)
    case 'decisionReceived':
      return handleDecision(canary, input, context)
  }
}

function open(canary: Canary, isProven: boolean, context: CanaryContext): CanaryDecision {
  if (isProven) return begin(canary, context)
  const { run, attempt } = canary
  const data = { run, attempt, label: canaryLabel(canary), detail: 'waiting until the audit log contains the approval' }
  return { state: { ...canary, state: 'proving' }, effects: [{ do: 'emit', type: 'hms.canary.delayed.v1', data }] }
}

/** Applies a changed freeze: while it lasts no first heads are issued and no time is observed. Leases of published heads are renewed. */
function freezeChanged(
  canary: Canary,
  { frozen, behind }: Pick<Extract<CanaryInput, { type: 'freezeChanged' }>, 'frozen' | 'behind'>,
  context: CanaryContext,
): CanaryDecision {
  // Ignored: the change concerns another region, or a freeze that ends before the active one.
  if (isSameFreeze(canary.frozen, frozen)) return unchanged(canary)
  const seen = { ...canary, frozen }
  switch (canary.state) {
    case 'waiting':
      return begin(withHolder(seen, behind), context)
    case 'growing':
      return growOrWait(seen, context)
    case 'observing':
      if (canary.observed) return { state: seen, effects: [] }
      return frozen === null ? observe(seen, context) : suspendObservation(seen, frozen, context)
    case 'proving':
    case 'publishing':
    case 'paused':
      return { state: seen, effects: [] }
    default:
      return unchanged(canary)
  }
}

function regionFreed(
  canary: Canary,
  { behind, frozen }: Pick<Extract<CanaryInput, { type: 'regionFreed' }>, 'behind' | 'frozen'>,
  context: CanaryContext,
): CanaryDecision {
  const [hasSameFreeze, hasSameHolder] = [isSameFreeze(canary.frozen, frozen), isSameHolder(canary.behind, behind)]
  if (canary.state !== 'waiting' || (hasSameFreeze && hasSameHolder)) return unchanged(canary)
  const seen = { ...withHolder(canary, behind), frozen }
  // The canary still waits for the same freeze, which it has already reported.
  return frozen !== null && hasSameFreeze ? { state: seen, effects: [] } : begin(seen, context)
}

/** Starts the next step unless its scope is frozen. */
function growOrWait(canary: Canary, context: CanaryContext): CanaryDecision {
  return canary.frozen === null ? grow(canary, context) : { state: canary, effects: [delayedByFreeze(canary, canary.frozen)] }
}

/** Fails a run that lacks the required attestations of previous stages; nothing is published. */
function refuse(canary: Canary, reason: string, detail: string): CanaryDecision {
  return { state: { ...canary, state: 'failed' }, effects: [{ do: 'fail', reason, detail }] }
}

function published(
  before: Canary,
  { heads, at }: Pick<Extract<CanaryInput, { type: 'published' }>, 'heads' | 'at'>,
  context: CanaryContext,
): CanaryDecision {
  const reported = newestHeads(before, heads)
  if (reported.length === 0) return unchanged(before)
  const { canary, alerts } = recordStorage(before, reported, at)
  // Applies the audiences first, as the initial value; then counts the alerts that waited for this report.
  return alerts.reduce<CanaryDecision>(
    ({ state, effects }, alert) => {
      const next = alerted(state, alert, context)
      return { state: next.state, effects: [...effects, ...next.effects] }
    },
    applyAudiences(canary, reported, context),
  )
}

function applyAudiences(before: Canary, reported: readonly PublishedHead[], context: CanaryContext): CanaryDecision {
  const canary = withHeadCounts(before, reported, context)
  if (canary.state !== 'publishing') return unchanged(canary)
  const audiences = new Map(reported.filter(({ scope }) => scope === canary.scope).map(({ policy, audience }) => [policy, audience]))
  const isReported = ({ policy }: CanaryMember): boolean => audiences.has(policy)
  const counted = canary.members.map((member) =>
    isReported(member) ? withAudience(canary, member, audiences.get(member.policy)!) : member,
  )
  const members = withOneShare(canary, counted)
  const seen = { ...canary, members }
  const narrow = members.filter((member) => isReported(member) && !member.published)
  // During a freeze the cohort is not widened; config-store counts again at the next lease renewal.
  if (narrow.length > 0) return canary.frozen === null ? widen(seen, narrow, context) : unchanged(seen)
  const decision = observeWhenReady(seen, context)
  // The acknowledgement timeout starts once the cohort can see all heads, unless the observation starts immediately.
  const startsTimeout = decision.effects.length === 0 && isPublished(seen) && !isPublished(canary)
  return startsTimeout ? awaitAcknowledgements(seen, context) : decision
}

/** Applies config-store's count. If no connected bot is below the share, sets the smallest share that has one; the head is reissued. */
function withAudience(canary: Canary, member: CanaryMember, { connected, cohort, smallestBucket }: Audience): CanaryMember {
  // In later ramp steps the audience includes bots of earlier steps, while coverage does not. Coverage is on another topic: if it has
  // already counted this head, its count is kept.
  const isCounted = canary.earlier !== undefined && member.countedSeq === member.seq
  const counted = { ...member, connected, expected: isCounted ? member.expected : cohort }
  const isNarrow = connected > 0 && cohort === 0 && smallestBucket !== null
  if (!isNarrow) return { ...counted, published: true }
  if (canary.frozen !== null) return { ...counted, published: false }
  return { ...counted, published: false, share: smallestBucket + 1, shown: storedShares(canary, member) }
}

/** Gives all members of a bundle the largest share, because a bundle has one cohort. Changed heads are issued again together. */
function withOneShare(before: Canary, members: CanaryMember[]): CanaryMember[] {
  const share = Math.max(...members.map((member) => member.share))
  if (before.cohortKey === undefined || members.every((member) => member.share === share)) return members
  return members.map((member) =>
    member.share === share ? member : { ...member, share, published: false, shown: storedShares(before, member) },
  )
}

function widen(canary: Canary, narrow: readonly CanaryMember[], { now, leaseMs }: CanaryContext): CanaryDecision {
  const leaseUntil = new Date(now.getTime() + leaseMs).toISOString()
  const policies = (canary.cohortKey === undefined ? narrow : canary.members).map(({ policy }) => policy)
  return { state: { ...canary, leaseUntil }, effects: [{ do: 'issueHeads', fast: false, policies }] }
}

function covered(before: Canary, reports: readonly CoverageReport[], context: CanaryContext): CanaryDecision {
  if (!isLive(before)) return unchanged(before)
  const canary = withCoverageCounts(before, reports, context)
  const withDerived = <M extends CanaryMember>(heads: readonly M[]): M[] =>
    heads.map((member) => ({
      ...member,
      heard: member.heard || member.acknowledged > 0,
      connected: Math.max(member.connected, member.expected),
    }))
  const mergeWithSeq: typeof mergeCoverage = (member, coverage) => ({ ...mergeCoverage(member, coverage), countedSeq: coverage.seq })
  const merge = canary.earlier === undefined ? mergeCoverage : mergeWithSeq
  const members = withDerived(applyCoverageReports(canary.members, canary.scope, reports, merge))
  const earlier = canary.earlier && withDerived(canary.earlier.flatMap((head) => applyCoverageReports([head], head.scope, reports)))
  const counted = recordBotCounts({ ...canary, members, ...(earlier === undefined ? {} : { earlier }) }, reports, context)
  if (counted.state === 'publishing') return observeWhenReady(counted, context)
  if (counted.state === 'observing' && counted.observed && !hasSilentBots(counted, context)) return judge(counted, context)
  return unchanged(counted)
}

function due(canary: Canary, timer: CanaryTimer, context: CanaryContext): CanaryDecision {
  switch (timer) {
    case 'acknowledge':
      return acknowledgementsOverdue(canary, context)
    case 'observe': {
      if (canary.state !== 'observing' || canary.observed || canary.remainingMs !== undefined) return unchanged(canary)
      const observed = { ...canary, observed: true }
      // Bots that joined during the observation get the full time to acknowledge.
      return hasSilentBots(observed, context) ? awaitAcknowledgements(observed, context) : judge(observed, context)
    }
    case 'lease':
      return renew(canary, context)
    case 'measure':
    case 'grow':
      return unchanged(canary) // canary-controller turns these timers into `measured` and `mayGrow`
  }
}

/** Ends the wait for acknowledgements: pauses if connected bots have not acknowledged; disconnected bots are no longer expected. */
function acknowledgementsOverdue(canary: Canary, context: CanaryContext): CanaryDecision {
  const isAwaited = canary.state === 'publishing' || (canary.state === 'observing' && canary.observed)
  if (!isAwaited) return unchanged(canary)
  if (hasSilentBots(canary, context)) return pause(canary, ACK_TIMEOUT, describeSilence(botCounts(canary)), context)
  return canary.state === 'publishing' ? observe(canary, context) : judge(canary, context)
}

/** Renews the lease. If it has lapsed because the controller was down, the cohort has returned to the base, and the canary pauses. */
function renew(canary: Canary, context: CanaryContext): CanaryDecision {
  if (!isLive(canary) && canary.state !== 'passed') return unchanged(canary)
  const pausesOnLapse = isOpen(canary) || canary.state === 'growing'
  if (Date.parse(canary.leaseUntil) > context.now.getTime() || !pausesOnLapse) return lease(canary, context, true)
  const detail = `the lease ended at ${canary.leaseUntil} before it was renewed; the cohort has returned to the base release`
  return pause(canary, 'LEASE_LAPSED', detail, context)
}

function alerted(canary: Canary, alert: CountedAlert, { now }: CanaryContext): CanaryDecision {
  if (isEarly(canary) || alert.awaits !== undefined) return unchanged(withEarly(canary, alert))
  if (!mayCount(canary, alert)) return unchanged(canary)
  const guarded = countAlert(canary, alert)
  // For the statistics only unexplained alerts of connected bots count, as in the control group.
  const isEvent = !alert.explained && alert.connected
  const counted = { ...guarded, canary: isEvent ? countEvent(guarded.canary, { ...alert, arm: 'cohort' }, now) : guarded.canary }
  const excess = isLive(canary) && isEvent ? excessOf(counted.canary) : undefined
  if (counted.broken === undefined && excess === undefined) return unchanged(counted.canary)
  const reason = counted.broken === undefined ? 'ALERT_RATE' : 'UNEXPLAINED_ALERTS'
  const detail = counted.broken ?? excess!
  // A paused canary also fails: the alert is evidence, and its cohort still applies the new release.
  if (isLive(canary)) return end(counted.canary, 'failed', [{ do: 'takeBack' }], [{ do: 'fail', reason, detail }])
  const { run, attempt } = canary
  const alarm: CanaryEffect = { do: 'emit', type: 'hms.canary.alarmed.v1', data: { run, attempt, reason, detail } }
  // The canary had passed: rollout rolls back the stable heads, and the canary takes back its own heads if they are not replaced yet.
  return end(counted.canary, 'failed', canary.state === 'passed' ? [{ do: 'takeBack' }] : [], [alarm])
}

/** Applies metric samples. A metric that failed too often fails the canary; one without results pauses it for a decision. */
function measured(before: Canary, samples: readonly MetricSample[], context: CanaryContext): CanaryDecision {
  if (before.state !== 'observing') return unchanged(before)
  const metrics = withSamples(before.metrics ?? [], samples)
  const canary = { ...before, metrics }
  const [failed, unanswered] = [describeFailed(metrics), describeUnanswered(metrics)]
  if (failed !== undefined) return end(canary, 'failed', [{ do: 'takeBack' }], [{ do: 'fail', reason: 'METRIC_FAILED', detail: failed }])
  if (unanswered !== undefined) return pause(canary, 'METRIC_UNANSWERED', unanswered, context)
  const judged = canary.observed && !hasSilentBots(canary, context) ? judge(canary, context) : unchanged(canary)
  if (judged.state.state !== 'observing') return judged
  return { state: judged.state, effects: [...judged.effects, { do: 'schedule', timer: 'measure', inMs: context.measureMs }] }
}

/** Records the current bot counts of the reported policies in `counts`, while the canary is open. */
function recordBotCounts(canary: Canary, reports: readonly CoverageReport[], deadline: Deadline): Canary {
  const reported = isOpen(canary) ? botCounts(canary).filter((numbers) => reports.some(({ policy }) => policy === numbers.policy)) : []
  if (reported.length === 0) return canary
  const counts: Record<string, BotCount[]> = { ...canary.counts }
  for (const numbers of reported) counts[numbers.policy] = addCount(counts[numbers.policy] ?? [], numbers, deadline)
  return { ...canary, counts }
}

/** Whether bots of the cohort have not acknowledged. After the observation, late joiners are ignored (see `lateJoiners`). */
function hasSilentBots(canary: Canary, deadline: Deadline): boolean {
  return botCounts(canary).some((numbers) => {
    const late = canary.observed ? lateJoiners(canary.counts?.[numbers.policy] ?? [], numbers, deadline) : 0
    return numbers.acknowledged < numbers.expected - late
  })
}
