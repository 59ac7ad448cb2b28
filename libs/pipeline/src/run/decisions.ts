import type { DecisionAnswer, RunDecision } from '#libs/contracts'
import type { RunFacts } from './run-facts.js'

type Answer = Pick<DecisionAnswer, 'id' | 'stage' | 'detail'>

/** Why a run ended that people aborted. */
const DECIDED = 'DECIDED'

/** A person's decision was accepted and waits for the stage that owns the run. */
export function acceptDecision(facts: RunFacts, decision: RunDecision): RunFacts {
  return { ...facts, decisions: [...facts.decisions, decision] }
}

/** The decision that no stage has answered yet; there is one at a time. */
export function pendingDecision(facts: RunFacts): RunDecision | undefined {
  return facts.decisions.find(({ outcome }) => outcome === 'pending')
}

/**
 * A stage answered. The first outcome stands, but that the end of the run closed a decision says nothing of it: the stage's answer may
 * only have come later than the end that followed from it.
 */
export function answerDecision(facts: RunFacts, answer: Answer, outcome: 'applied' | 'late', at: string): RunFacts {
  const decision = facts.decisions.find(({ id }) => id === answer.id)
  if (decision?.outcome === 'late' && outcome === 'applied' && decision.decision !== 'abort')
    return withOutcome(facts, decision.id, outcome)
  if (decision?.outcome !== 'pending') return facts
  const answered = withOutcome(facts, decision.id, outcome)
  if (outcome === 'late') return answered
  if (decision.decision === 'abort') return { ...answered, endedEarly: answered.endedEarly ?? endOf(decision, at) }
  return reopen(answered, answer)
}

/** The run has ended: what is still pending came too late. */
export function closeDecisions(facts: RunFacts): RunFacts {
  const pending = pendingDecision(facts)
  return pending === undefined ? facts : withOutcome(facts, pending.id, 'late')
}

function endOf({ by, reason }: RunDecision, at: string): NonNullable<RunFacts['endedEarly']> {
  return { state: 'ABORTED', reason: DECIDED, detail: `${by}: ${reason}`, at }
}

function withOutcome(facts: RunFacts, id: string, outcome: RunDecision['outcome']): RunFacts {
  return { ...facts, decisions: facts.decisions.map((known) => (known.id === id ? { ...known, outcome } : known)) }
}

/** A paused stage goes on: its verdict is open again. */
function reopen(facts: RunFacts, { stage, detail }: Answer): RunFacts {
  const known = facts.stages[stage]
  if (known?.verdict !== 'INCONCLUSIVE') return facts
  const { verdict: _verdict, reason: _reason, next: _next, endedAt: _endedAt, ...kept } = known
  return { ...facts, stages: { ...facts.stages, [stage]: { ...kept, detail } } }
}
