import { defined } from '#libs/contracts'
import { applied, describeDecision, endsRun, lateResponse, MANUAL, type Ownership } from '../stage/decision-response.js'
import { precededBy, unchanged, type DecisionReceived } from '../stage/decision.js'
import { isLive, isOpen, stepNumber, type Canary } from './canary.js'
import type { CanaryContext } from './inputs-and-effects.js'
import { resetUnanswered } from './metrics.js'
import { isUnpublished, lease, abandon, observe, pass, pause, type CanaryDecision } from './moves.js'

/** Returns whether the canary applies a decision, has to report it as late, or leaves it to another stage. */
export function ownershipOfCanary(canary: Canary, { decision, stage }: DecisionReceived['decision']): Ownership {
  if (endsRun(decision)) return isLive(canary) || isUnpublished(canary) ? 'applied' : 'elsewhere'
  if (stage !== 'canary') return 'elsewhere'
  return mayApply(canary, decision) ? 'applied' : 'late'
}

function mayApply(canary: Canary, decision: DecisionReceived['decision']['decision']): boolean {
  switch (decision) {
    case 'pause':
      return isOpen(canary) || canary.state === 'growing'
    case 'extend':
      return canary.state === 'paused' || (canary.state === 'observing' && !canary.observed)
    case 'promote':
      // Before the cohort has acknowledged there is no observation to promote.
      return canary.state === 'paused' || canary.state === 'observing'
    default:
      return canary.state === 'paused'
  }
}

/** Applies a person's decision and emits the response, which precedes the effects, so views never show an effect before its cause. */
export function handleDecision(canary: Canary, received: DecisionReceived, context: CanaryContext): CanaryDecision {
  const { decision } = received
  const ownership = decision.attempt < canary.attempt ? 'elsewhere' : ownershipOfCanary(canary, decision)
  if (ownership === 'elsewhere') return unchanged(canary)
  const other = isOfEarlierStep(canary, received)
    ? lateResponse(received, 'late', `the canary has reached step ${stepNumber(canary)} since the decision was signed`)
    : lateResponse(received, ownership, `the canary is ${canary.state}`)
  if (other !== undefined) return { state: canary, effects: [other] }
  return precededBy([applied(decision)], applyDecision(canary, decision, context))
}

/** Whether a promotion was signed before the current step began: a promotion approves one step, so it belongs to an earlier one. */
function isOfEarlierStep({ stepAt }: Canary, { decision: { decision }, signedAt }: DecisionReceived): boolean {
  if (decision !== 'promote' || stepAt === undefined || signedAt === undefined) return false
  return Date.parse(signedAt) < Date.parse(stepAt)
}

function applyDecision(canary: Canary, decision: DecisionReceived['decision'], context: CanaryContext): CanaryDecision {
  switch (decision.decision) {
    case 'abort':
    case 'supersede':
    case 'retry':
      return abandon(canary)
    case 'resume':
      return resume(canary, context)
    case 'promote':
      return pass(canary, 'promoted', describeDecision(decision), context)
    case 'pause':
      return pause(canary, MANUAL, describeDecision(decision), context)
    case 'extend':
      return extend(canary, decision.byMs ?? 0, context)
  }
}

/** Issues new heads and waits for acknowledgements again. Drops bot counts, which config-store renews; alert counts continue. */
function resume(canary: Canary, context: CanaryContext): CanaryDecision {
  const members = canary.members.map((member) => ({ ...member, published: false, acknowledged: 0, silent: [] }))
  const earlier = canary.earlier?.map((head) => ({ ...head, acknowledged: 0, silent: [] }))
  const { remainingMs: _remainingMs, counts: _counts, ...rest } = canary
  const kept = defined({ metrics: rest.metrics && resetUnanswered(rest.metrics), earlier })
  return lease({ ...rest, ...kept, state: 'publishing', observed: false, observeUntil: null, members }, context, true)
}

/** Extends the observation by `byMs`. A paused canary waits for acknowledgements again, and then observes for `byMs`. */
function extend(canary: Canary, byMs: number, context: CanaryContext): CanaryDecision {
  if (canary.state === 'paused') {
    const { state, effects } = resume(canary, context)
    return { state: { ...state, remainingMs: byMs }, effects }
  }
  const leftMs = canary.remainingMs ?? Math.max(0, Date.parse(canary.observeUntil!) - context.now.getTime())
  return observe({ ...canary, remainingMs: leftMs + byMs }, context)
}
