import { command, type AcceptedDecision, type CoverageReport, type PromotedHead, type PublishedHead, type Reach } from '#libs/contracts'
import { withoutPastTimes } from '../canary/canary.js'
import { describeFreeze, isSameFreeze } from '../freezes/freeze-windows.js'
import { ACK_TIMEOUT, describeSilence } from '../silence.js'
import { applied, describeDecision, lateResponse, MANUAL, type Ownership } from '../stage/decision-response.js'
import { precededBy, unchanged, type DecisionReceived, type Decision } from '../stage/decision.js'
import { ROLLOUT_TIMERS, type RolloutContext, type RolloutEffect, type RolloutInput, type RolloutTimer } from './inputs-and-effects.js'
import {
  withRecountStarted,
  countReach,
  isFullyAcknowledged,
  hasQuorum,
  heldUntil,
  withAcknowledgementsReset,
  isNotYetEffective,
  isRolloutOpen,
  isStored,
  hasCountingEnded,
  EMPTY_REACH,
  type Rollout,
  rolloutSummary,
  withClearedCounts,
  withCoverageReports,
  recordFleetCounts,
} from './rollout.js'

type RolloutDecision = Decision<Rollout, RolloutEffect>

const CANCEL_ALL = { do: 'cancel', timers: ROLLOUT_TIMERS } as const
const NOT_STORED_IN_TIME = 'config-store did not store the new heads in time; the rollout was rolled back'

/** Decides the rollout of a run: issue stable heads, wait for acknowledgements and for the effective time, bake; or roll back. */
export function decideRollout(rollout: Rollout, input: RolloutInput, context: RolloutContext): RolloutDecision {
  switch (input.type) {
    case 'opened':
      return rollout.state === 'new' ? open(rollout, input, context) : unchanged(rollout)
    case 'freezeChanged':
      return rollout.state === 'waiting' ? open(rollout, input, context) : unchanged(rollout)
    case 'refused':
      return isUnissued(rollout) ? end(rollout, 'failed', [failed(rollout, input.reason, input.detail)]) : unchanged(rollout)
    case 'published':
      return published(rollout, input.heads, context)
    case 'covered':
      return covered(rollout, input.reports, context)
    case 'due':
      return due(rollout, input.timer, context)
    case 'alarmed':
      return rollout.attempt === input.attempt ? rollBack(rollout, input.reason, input.detail) : unchanged(rollout)
    case 'ended':
      return rollout.attempt <= input.attempt ? rollBack(rollout, 'RUN_ENDED', `the run was ended: ${input.reason}`) : unchanged(rollout)
    case 'overtaken':
      return overtaken(rollout, input.policies)
    case 'decisionReceived':
      return handleDecision(rollout, input, context)
  }
}

/** Ends the rollout because another run changed a live release. The bundle's other policies roll back, unless they were promoted. */
function overtaken(rollout: Rollout, moved: readonly string[]): RolloutDecision {
  if (!isRolloutOpen(rollout) && rollout.state !== 'waiting') return unchanged(rollout)
  const rest: RolloutEffect[] = rollout.promoted || isUnissued(rollout) ? [] : [{ do: 'giveUpRest', moved }]
  return end(rollout, 'aborted', [...rest, { do: 'freePolicies' }])
}

function isUnissued({ state }: Rollout): boolean {
  return state === 'new' || state === 'waiting'
}

function open(
  rollout: Rollout,
  { stable, frozen: notice }: Pick<Extract<RolloutInput, { type: 'opened' }>, 'stable' | 'frozen'>,
  { now, publishMs }: RolloutContext,
): RolloutDecision {
  const { frozen: known, ...rest } = rollout
  // A break-glass, which several people sign, ignores freezes, including the stop switch.
  const frozen = rest.breakGlass === true ? null : notice
  const { run, attempt, dossier, members } = rest
  // From an event with a dossier, partners may be notified that the canary has passed; a break-glass has no canary.
  const about = rest.breakGlass === true ? {} : { dossier }
  const digestOf = (release: { releaseDigest: string } | null | undefined): string | null => release?.releaseDigest ?? null
  const changed = members.find(({ policy }) => digestOf(stable[policy]) !== digestOf(dossier.live[policy]))
  if (changed !== undefined) {
    const detail = `the live version of ${changed.policy} changed to ${stable[changed.policy]?.version ?? 'none'} during the canary`
    return end(rollout, 'failed', [failed(rollout, 'LIVE_MOVED', detail, command('approve'))])
  }
  if (frozen !== null && isSameFreeze(known ?? null, frozen)) return unchanged(rollout)
  if (frozen !== null) {
    const data = { run, attempt, reason: 'FREEZE', detail: `waits for ${describeFreeze(frozen)}`, ...about } as const
    return { state: { ...rest, state: 'waiting', frozen }, effects: [{ do: 'emit', type: 'hms.rollout.delayed.v1', data }] }
  }
  const effects: RolloutEffect[] = [
    ...(rest.breakGlass === true ? [{ do: 'overtake' } as const] : []),
    { do: 'issueHeads', how: 'advance' },
    { do: 'schedule', timer: 'publish', inMs: publishMs },
    { do: 'emit', type: 'hms.rollout.started.v1', data: { run, attempt, detail: 'waiting for config-store to store the heads', ...about } },
  ]
  return { state: { ...rest, members: withoutPastTimes(members, now), state: 'publishing', countedSince: now.toISOString() }, effects }
}

function published(rollout: Rollout, heads: readonly PublishedHead[], context: RolloutContext): RolloutDecision {
  if (rollout.state !== 'publishing' && rollout.state !== 'paused') return unchanged(rollout)
  const audiences = new Map(heads.filter(({ scope }) => scope === 'global').map((head) => [head.policy, head]))
  const members = rollout.members.map((member) => {
    const head = audiences.get(member.policy)
    if (head?.seq !== member.seq) return member
    const storedAt = member.storedAt ?? head.storedAt
    return { ...member, published: true, ...(storedAt && { storedAt }), connected: head.audience.connected, expected: head.audience.cohort }
  })
  if (members.every((member, index) => member === rollout.members[index])) return unchanged(rollout)
  const stored = withReach({ ...rollout, members }, context)
  return isStored(stored) ? promote(stored, context) : unchanged(stored)
}

/** Returns the heads that a promotion publishes. Those with a future effective time say so: they are not in force yet. */
export function promotedHeads(members: Rollout['members'], now: Date): PromotedHead[] {
  return withoutPastTimes(members, now).map(({ policy, seq, release, version, beginsAt: from }) => {
    return { policy, seq, release, version, ...(from === undefined ? {} : { from }) }
  })
}

/** Publishes the promotion, because config-store has stored all heads and bots can apply them, even if the run is paused. */
function promote(rollout: Rollout, context: RolloutContext): RolloutDecision {
  const { run, attempt, members } = rollout
  const heads = promotedHeads(members, context.now)
  const promotion: RolloutEffect[] = rollout.promoted
    ? []
    : [{ do: 'emit', type: 'hms.rollout.promoted.v1', data: { run, attempt, heads } }]
  const promoted = { ...rollout, promoted: true }
  if (rollout.state === 'paused') return { state: promoted, effects: promotion }
  // A person who promoted before the heads were stored has accepted that bots are silent.
  const isAccepted = !rollout.promoted && rollout.acceptedBy !== undefined
  return precededBy(
    [{ do: 'cancel', timers: ['publish'] }, ...promotion],
    proceed(promoted, isAccepted || isFullyAcknowledged(rollout), context),
  )
}

function covered(rollout: Rollout, reports: readonly CoverageReport[], context: RolloutContext): RolloutDecision {
  if (!isRolloutOpen(rollout)) return unchanged(rollout)
  const counted = withReach({ ...rollout, members: withCoverageReports(rollout.members, reports, context.now) }, context)
  const isReady = counted.state === 'acknowledging' && (counted.baked ? hasQuorum(counted, context) : isFullyAcknowledged(counted))
  return isReady ? proceed(counted, true, context) : unchanged(counted)
}

function withReach(rollout: Rollout, context: RolloutContext): Rollout {
  const { reach = EMPTY_REACH, members } = rollout
  return { ...rollout, members: recordFleetCounts(members, context), reach: countReach(reach, members, context.now) }
}

function due(rollout: Rollout, timer: RolloutTimer, context: RolloutContext): RolloutDecision {
  const isAwaited = { publish: 'publishing', acknowledge: 'acknowledging', begin: 'holding', bake: 'baking' }[timer] === rollout.state
  if (!isAwaited) return unchanged(rollout)
  switch (timer) {
    case 'publish':
      // The heads are in the outbox, and config-store will store them eventually. The rollback heads follow them.
      return rollBack(rollout, 'PUBLISH_TIMEOUT', NOT_STORED_IN_TIME)
    case 'acknowledge':
      return hasQuorum(rollout, context) ? proceed(rollout, true, context) : pause(rollout, ACK_TIMEOUT, describeSilence(rollout.members))
    case 'begin':
      return takeEffect(rollout, context)
    case 'bake':
      // Bots that joined during the bake get the full time to acknowledge.
      return endBake(rollout, context)
  }
}

function endBake(rollout: Rollout, context: RolloutContext): RolloutDecision {
  if (hasCountingEnded(rollout, context.now)) return startRecount(rollout, context)
  return proceed({ ...rollout, baked: true }, hasQuorum(rollout, context), context)
}

/** Ends the bake by a person's decision, as soon as the roster permits. Acknowledgements are awaited as after every bake. */
function endBakeEarly(rollout: Rollout, context: RolloutContext): RolloutDecision {
  const leftMs = earliestBakeEnd(rollout, context) - context.now.getTime()
  if (leftMs > 0) return bake(rollout, leftMs, context, rollout.bakeSince)
  return precededBy([{ do: 'cancel', timers: ['bake'] }], endBake(rollout, context))
}

/** Returns the earliest permitted end of the bake in epoch milliseconds. Rows of earlier builds lack the start of the bake. */
function earliestBakeEnd({ bakeSince, bakeUntil, bakeMs }: Rollout, { leastBakeMs = 0 }: RolloutContext): number {
  return (bakeSince === undefined ? Date.parse(bakeUntil!) - bakeMs : Date.parse(bakeSince)) + leastBakeMs
}

/** Returns why a person's promotion may not shorten the bake; `undefined` if it may. */
function bakeRefusal(rollout: Rollout, decision: DecisionReceived['decision']['decision'], context: RolloutContext): string | undefined {
  if (decision !== 'promote' || rollout.state !== 'baking') return undefined
  if (rollout.breakGlass === true) return 'the bake of a break-glass cannot be shortened'
  if (earliestBakeEnd(rollout, context) < Date.parse(rollout.bakeUntil!)) return undefined
  return `the roster requires a bake until at least ${rollout.bakeUntil}`
}

/** Renews the heads after a long bake, so that config-store counts again and the verdict is based on the currently connected bots. */
function startRecount(rollout: Rollout, { now, acknowledgeMs }: RolloutContext): RolloutDecision {
  const members = rollout.members.map(withRecountStarted)
  const effects: RolloutEffect[] = [
    { do: 'issueHeads', how: 'renew' },
    { do: 'schedule', timer: 'acknowledge', inMs: acknowledgeMs },
  ]
  return { state: { ...rollout, state: 'acknowledging', baked: true, members, countedSince: now.toISOString() }, effects }
}

/** Returns whether the rollout applies a decision. No later stage can end the run, so a decision to end it is applied here or too late. */
export function ownershipOfRollout(rollout: Rollout, { decision, stage }: DecisionReceived['decision'], now: Date): Ownership {
  if (decision === 'abort') return isRolloutOpen(rollout) || rollout.state === 'waiting' ? 'applied' : 'late'
  // Once a release is in force, even if only one of a bundle, the run is completed and the newer release follows it.
  if (decision === 'supersede')
    return rollout.state === 'waiting' || (isRolloutOpen(rollout) && isNotYetEffective(rollout, now)) ? 'applied' : 'late'
  if (stage !== 'rollout') return 'elsewhere'
  return mayApply(rollout, decision) ? 'applied' : 'late'
}

function mayApply(rollout: Rollout, decision: DecisionReceived['decision']['decision']): boolean {
  switch (decision) {
    case 'pause':
      // Readers apply a received release by their own clocks, so a pause in `holding` would not stop it.
      return isRolloutOpen(rollout) && rollout.state !== 'paused' && rollout.state !== 'holding'
    case 'extend':
      return rollout.state === 'baking' || rollout.state === 'holding'
    case 'retry':
      return false
    case 'promote':
      return rollout.state === 'paused' || rollout.state === 'baking'
    default:
      return rollout.state === 'paused'
  }
}

function handleDecision(rollout: Rollout, received: DecisionReceived, context: RolloutContext): RolloutDecision {
  const { decision } = received
  const ownership = decision.attempt < rollout.attempt ? 'elsewhere' : ownershipOfRollout(rollout, decision, context.now)
  if (ownership === 'elsewhere') return unchanged(rollout)
  const bakeReason = ownership === 'applied' ? bakeRefusal(rollout, decision.decision, context) : undefined
  const late = lateResponse(received, bakeReason === undefined ? ownership : 'late', bakeReason ?? `the rollout is ${rollout.state}`)
  if (late !== undefined) return { state: rollout, effects: [late] }
  switch (decision.decision) {
    case 'abort':
    case 'supersede':
    case 'retry':
      // Reverts the heads before it responds, so that consumers receive the reinstated releases before the end of the run.
      return end(rollout, 'aborted', reversalOf(rollout, describeDecision(decision), decision), [applied(decision)])
    case 'resume':
      return precededBy([applied(decision)], resume(rollout, context))
    case 'promote': {
      const isBaking = rollout.state === 'baking'
      const promoted = isBaking ? endBakeEarly(rollout, context) : proceedWithoutSilent({ ...rollout, acceptedBy: decision.by }, context)
      return precededBy([applied(decision)], promoted)
    }
    case 'pause':
      return precededBy([applied(decision), CANCEL_ALL], pause(rollout, MANUAL, describeDecision(decision)))
    case 'extend':
      return precededBy([applied(decision)], extend(rollout, decision.byMs ?? 0, context))
  }
}

/** Extends the bake. In `holding` the bake after the effective time is extended, because that time is part of the signed release. */
function extend(rollout: Rollout, byMs: number, context: RolloutContext): RolloutDecision {
  if (rollout.state === 'holding') return unchanged({ ...rollout, bakeMs: rollout.bakeMs + byMs })
  return bake(rollout, Date.parse(rollout.bakeUntil!) - context.now.getTime() + byMs, context, rollout.bakeSince)
}

/** Renews the heads, so that config-store counts and reports the currently connected bots. */
function resume(rollout: Rollout, { now, publishMs }: RolloutContext): RolloutDecision {
  const members = rollout.members.map((member) => ({ ...withClearedCounts(member), published: false }))
  const effects: RolloutEffect[] = [
    { do: 'issueHeads', how: 'renew' },
    { do: 'schedule', timer: 'publish', inMs: publishMs },
  ]
  return { state: { ...rollout, state: 'publishing', members, countedSince: now.toISOString() }, effects }
}

/** Continues without the silent bots, but not before config-store has stored the heads. */
function proceedWithoutSilent(rollout: Rollout, context: RolloutContext): RolloutDecision {
  if (isStored(rollout)) return proceed(rollout, true, context)
  return { state: { ...rollout, state: 'publishing' }, effects: [{ do: 'schedule', timer: 'publish', inMs: context.publishMs }] }
}

/** Bakes for `bakeMs` from now. `since`: original start of a bake whose length changes. */
function bake(rollout: Rollout, bakeMs: number, { now }: RolloutContext, since = now.toISOString()): RolloutDecision {
  const { run, attempt } = rollout
  const until = new Date(now.getTime() + bakeMs).toISOString()
  const detail = `${rolloutSummary(rollout, now)}; bakes until ${until}`
  const effects: RolloutEffect[] = [
    { do: 'cancel', timers: ['acknowledge'] },
    { do: 'schedule', timer: 'bake', inMs: bakeMs },
    { do: 'emit', type: 'hms.rollout.bake-started.v1', data: { run, attempt, until, detail, ...reachOf(rollout) } },
  ]
  return { state: { ...rollout, state: 'baking', bakeSince: since, bakeUntil: until }, effects }
}

/** Waits for the effective time: readers have the release and apply it by their own clocks, without a new head or the network. */
function hold(rollout: Rollout, until: string, { now }: RolloutContext): RolloutDecision {
  const data = { dossier: rollout.dossier, until, detail: rolloutSummary(rollout, now), ...reachOf(rollout) }
  const effects: RolloutEffect[] = [
    { do: 'cancel', timers: ['acknowledge'] },
    { do: 'schedule', timer: 'begin', inMs: Date.parse(until) - now.getTime() },
    { do: 'emit', type: 'hms.rollout.held.v1', data },
  ]
  return { state: { ...rollout, state: 'holding' }, effects }
}

/** Handles the effective time. The bake begins once the bots acknowledge that they apply the release. */
function takeEffect(rollout: Rollout, context: RolloutContext): RolloutDecision {
  const { run, attempt } = rollout
  const begun = { ...rollout, members: withAcknowledgementsReset(rollout.members), countedSince: context.now.toISOString() }
  const data = { run, attempt, detail: 'in force; waiting for the bots to apply it' }
  return precededBy([{ do: 'emit', type: 'hms.rollout.took-effect.v1', data }], proceed(begun, isFullyAcknowledged(begun), context))
}

/** Advances the rollout: waits for acknowledgements unless `isCovered`, then for the effective time, then bakes, then completes. */
function proceed(rollout: Rollout, isCovered: boolean, context: RolloutContext): RolloutDecision {
  const { bakeMs, dossier } = rollout
  if (!isCovered) {
    const effects: RolloutEffect[] = [{ do: 'schedule', timer: 'acknowledge', inMs: context.acknowledgeMs }]
    return { state: { ...rollout, state: 'acknowledging' }, effects }
  }
  if (rollout.baked) {
    const storedAt = rollout.members
      .flatMap((member) => member.storedAt ?? [])
      .sort()
      .at(-1)
    const completed = { dossier, summary: rolloutSummary(rollout, context.now), ...reachOf(rollout), ...(storedAt && { storedAt }) }
    return end(rollout, 'completed', [{ do: 'freePolicies' }], [{ do: 'emit', type: 'hms.rollout.completed.v1', data: completed }])
  }
  const until = heldUntil(rollout, context.now)
  return until === undefined ? bake(rollout, bakeMs, context) : hold(rollout, until, context)
}

/** Returns `reach` as an event member; absent for rollouts that an earlier build began. */
function reachOf({ reach }: Rollout): { reach?: Reach } {
  return reach === undefined ? {} : { reach }
}

function pause(rollout: Rollout, reason: string, detail: string): RolloutDecision {
  const { run, attempt } = rollout
  const next = [command('runs.decide', { decision: 'resume', run })]
  const data = { run, attempt, reason, detail, next }
  return { state: { ...rollout, state: 'paused' }, effects: [{ do: 'emit', type: 'hms.rollout.paused.v1', data }] }
}

function rollBack(rollout: Rollout, reason: string, detail: string): RolloutDecision {
  if (!isRolloutOpen(rollout) && rollout.state !== 'waiting') return unchanged(rollout)
  return end(rollout, 'failed', reversalOf(rollout, detail), [failed(rollout, reason, detail)])
}

/** Returns the effect that reverts issued heads; none for a waiting rollout, which has not issued any. */
function reversalOf({ state }: Rollout, detail: string, decision?: AcceptedDecision): RolloutEffect[] {
  return state === 'waiting' ? [] : [{ do: 'takeBack', detail, ...(decision === undefined ? {} : { decision }) }]
}

/** Ends the rollout and cancels its timers. `first`: effects before the cancellation. `last`: effects after it. */
function end(rollout: Rollout, state: Rollout['state'], first: RolloutEffect[], last: RolloutEffect[] = []): RolloutDecision {
  const cancel: RolloutEffect[] = isUnissued(rollout) ? [] : [CANCEL_ALL]
  return { state: { ...rollout, state }, effects: [...first, ...cancel, ...last] }
}

function failed({ run, attempt }: Rollout, reason: string, detail: string, next = command('audit.log.run', { run })): RolloutEffect {
  return { do: 'emit', type: 'hms.rollout.failed.v1', data: { run, attempt, reason, detail, next: [next] } }
}
