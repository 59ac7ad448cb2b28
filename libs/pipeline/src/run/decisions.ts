import type { DecisionAnswer, RunControl, RunDecision } from '#libs/contracts'
import { endsRun } from '../stage/answer.js'
import type { EndedEarly, RunFacts } from './run-facts.js'

type Answer = Pick<DecisionAnswer, 'id' | 'stage' | 'detail'>

/** Why a run ended that people aborted. */
const DECIDED = 'DECIDED'
/** Why a run ended whose place a newer one took. */
const NEWER_RELEASE = 'NEWER_RELEASE'

/** A decision was accepted and waits for the stage that owns the run. */
export function acceptDecision(facts: RunFacts, decision: RunDecision): RunFacts {
  return { ...facts, decisions: [...facts.decisions, decision] }
}

/**
 * The first decision that no stage has answered yet, and that `next` has to wait for. People have one at a time; a newer release may
 * supersede the run meanwhile, and an abort waits for nothing that lets the run go on: whoever must stop it is not held up by a pause.
 */
export function pendingDecision({ decisions }: RunFacts, next?: RunControl): RunDecision | undefined {
  return decisions.find(({ outcome, decision }) => outcome === 'pending' && (next !== 'abort' || endsRun(decision)))
}

/**
 * A stage answered. The first outcome stands, but that the end of the run closed a decision says nothing of it: the stage's answer may
 * only have come later than the end that followed from it.
 */
export function answerDecision(facts: RunFacts, answer: Answer, outcome: 'applied' | 'late', at: string): RunFacts {
  const decision = facts.decisions.find(({ id }) => id === answer.id)
  if (decision?.outcome === 'late' && outcome === 'applied' && !endsRun(decision.decision)) return withOutcome(facts, decision.id, outcome)
  if (decision?.outcome !== 'pending') return facts
  const answered = withOutcome(facts, decision.id, outcome)
  if (outcome === 'late') return answered
  if (endsRun(decision.decision)) return { ...answered, endedEarly: answered.endedEarly ?? endOf(decision, at) }
  return decision.decision === 'retry' ? retried(answered, answer, at) : reopen(answered, answer)
}

/** The stage has let go of the run, and none has its next attempt: what would end it meanwhile ends it now. */
function retried(facts: RunFacts, answer: Answer, at: string): RunFacts {
  const next = nextAttempt(facts)
  const ending = pendingDecision(next, 'abort')
  return ending === undefined ? next : answerDecision(next, { ...answer, id: ending.id }, 'applied', at)
}

/** The run has ended: what is still pending came too late. */
export function closeDecisions(facts: RunFacts): RunFacts {
  return facts.decisions.filter(({ outcome }) => outcome === 'pending').reduce((closed, { id }) => withOutcome(closed, id, 'late'), facts)
}

function endOf({ by, reason, successor }: RunDecision, at: string): EndedEarly {
  if (successor !== undefined) return supersededBy(successor, reason, at)
  return { state: 'ABORTED', reason: DECIDED, detail: `${by}: ${reason}`, at }
}

/** The end of a run whose place run `successor` takes. */
export function supersededBy(successor: number, reason: string, at: string): EndedEarly {
  return { state: 'SUPERSEDED', reason: NEWER_RELEASE, detail: `by run #${successor}: ${reason}`, at, by: successor }
}

/** A clean attempt: nothing of what was measured is carried over. It waits for its start. */
function nextAttempt({ startedAt: _startedAt, ...facts }: RunFacts): RunFacts {
  return { ...facts, attempt: facts.attempt + 1, stages: {} }
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
