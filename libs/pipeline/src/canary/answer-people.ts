import { applied, describeDecision, endsRun, lateAnswer, MANUAL, type Ownership } from '../stage/answer.js'
import { unchanged, type Asked } from '../stage/decision.js'
import { isLive, isOpen, type Canary } from './canary.js'
import type { CanaryContext } from './inputs-and-effects.js'
import { askedAnew } from './metrics.js'
import { isUnpublished, lease, letGo, observe, pass, pause, type CanaryDecision } from './moves.js'

/** What ends the run follows it to the stage that owns it; the other decisions count here or nowhere. */
export function ownershipOfCanary(canary: Canary, { decision, stage }: Asked['decision']): Ownership {
  if (endsRun(decision)) return isLive(canary) || isUnpublished(canary) ? 'applied' : 'elsewhere'
  if (stage !== 'canary') return 'elsewhere'
  return mayApply(canary, decision) ? 'applied' : 'late'
}

function mayApply(canary: Canary, decision: Asked['decision']['decision']): boolean {
  switch (decision) {
    case 'pause':
      return isOpen(canary) || canary.state === 'growing'
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
export function answer(canary: Canary, asked: Asked, context: CanaryContext): CanaryDecision {
  const { decision } = asked
  const ownership = decision.attempt < canary.attempt ? 'elsewhere' : ownershipOfCanary(canary, decision)
  if (ownership === 'elsewhere') return unchanged(canary)
  const late = isOfEarlierStep(canary, asked)
    ? lateAnswer(asked, 'late', `the canary has come to step ${(canary.step ?? 0) + 1} since that was signed`)
    : lateAnswer(asked, ownership, `the canary is ${canary.state}`)
  if (late !== undefined) return { state: canary, effects: [late] }
  const { state, effects } = apply(canary, decision, context)
  return { state, effects: [applied(decision), ...effects] }
}

/** Who promotes has seen enough of this step, which nobody has before it begins. */
function isOfEarlierStep({ stepAt }: Canary, { decision: { decision }, signedAt }: Asked): boolean {
  if (decision !== 'promote' || stepAt === undefined || signedAt === undefined) return false
  return Date.parse(signedAt) < Date.parse(stepAt)
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
      return pass(canary, 'promoted', describeDecision(decision), context)
    case 'pause':
      return pause(canary, MANUAL, describeDecision(decision), context)
    case 'extend':
      return extend(canary, decision.byMs ?? 0, context)
  }
}

/** It starts again from its publication: heads that are stored anew say which bots are there now. Alerts go on counting. */
function resume(canary: Canary, context: CanaryContext): CanaryDecision {
  const members = canary.members.map((member) => ({ ...member, published: false, acknowledged: 0, silent: [] }))
  const earlier = canary.earlier?.map((head) => ({ ...head, acknowledged: 0, silent: [] }))
  const { remainingMs: _remainingMs, counts: _counts, ...rest } = canary
  const asked = rest.metrics === undefined ? {} : { metrics: askedAnew(rest.metrics) }
  const kept = earlier === undefined ? {} : { earlier }
  return lease({ ...rest, ...asked, ...kept, state: 'publishing', observed: false, observeUntil: null, members }, context, true)
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
