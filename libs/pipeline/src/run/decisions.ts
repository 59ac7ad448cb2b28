import type { DecisionAnswer, RunControl, RunDecision } from '#libs/contracts'
import { endsRun } from '../stage/decision-response.js'
import type { EndedEarly, RunFacts } from './run-facts.js'

type Response = Pick<DecisionAnswer, 'id' | 'stage' | 'detail'>

/** End reason of a run aborted by a person. */
const DECIDED = 'DECIDED'
const NEWER_RELEASE = 'NEWER_RELEASE'

/** Records an accepted decision, which is pending until the stage that owns the run responds. */
export function acceptDecision(facts: RunFacts, decision: RunDecision): RunFacts {
  return { ...facts, decisions: [...facts.decisions, decision] }
}

/**
 * Returns the first pending decision that `next` has to wait for: people have one pending decision per run, while a newer release may
 * supersede the run at any time. An abort waits only for decisions that end the run, so that a pending pause never blocks it.
 */
export function pendingDecision({ decisions }: RunFacts, next?: RunControl): RunDecision | undefined {
  return decisions.find(({ outcome, decision }) => outcome === 'pending' && (next !== 'abort' || endsRun(decision)))
}

/** Records a stage's response. The first outcome is final, except `late` set by the run's end: `applied` may arrive after it. */
export function recordResponse(facts: RunFacts, answer: Response, outcome: 'applied' | 'late', at: string): RunFacts {
  const decision = facts.decisions.find(({ id }) => id === answer.id)
  if (decision?.outcome === 'late' && outcome === 'applied' && !endsRun(decision.decision)) return withOutcome(facts, decision.id, outcome)
  if (decision?.outcome !== 'pending') return facts
  const recorded = withOutcome(facts, decision.id, outcome)
  if (outcome === 'late') return recorded
  if (endsRun(decision.decision)) return { ...recorded, endedEarly: recorded.endedEarly ?? endOf(decision, at) }
  return decision.decision === 'retry' ? startRetry(recorded, answer, at) : reopen(recorded, answer)
}

/** Starts the next attempt of a run, unless a pending decision ends the run. */
function startRetry({ startedAt: _startedAt, ...facts }: RunFacts, answer: Response, at: string): RunFacts {
  const next = { ...facts, attempt: facts.attempt + 1, stages: {} }
  const endingDecision = pendingDecision(next, 'abort')
  return endingDecision === undefined ? next : recordResponse(next, { ...answer, id: endingDecision.id }, 'applied', at)
}

/** Marks pending decisions as late, because the run has ended. */
export function closeDecisions(facts: RunFacts): RunFacts {
  return facts.decisions.filter(({ outcome }) => outcome === 'pending').reduce((closed, { id }) => withOutcome(closed, id, 'late'), facts)
}

function endOf({ by, reason, successor }: RunDecision, at: string): EndedEarly {
  if (successor !== undefined) return supersededBy(successor, reason, at)
  return { state: 'ABORTED', reason: DECIDED, detail: `${by}: ${reason}`, at }
}

export function supersededBy(successor: number, reason: string, at: string): EndedEarly {
  return { state: 'SUPERSEDED', reason: NEWER_RELEASE, detail: `by run #${successor}: ${reason}`, at, by: successor }
}

function withOutcome(facts: RunFacts, id: string, outcome: RunDecision['outcome']): RunFacts {
  return { ...facts, decisions: facts.decisions.map((known) => (known.id === id ? { ...known, outcome } : known)) }
}

/** Removes the verdict of a paused stage, which continues. */
function reopen(facts: RunFacts, { stage, detail }: Response): RunFacts {
  const known = facts.stages[stage]
  if (known?.verdict !== 'INCONCLUSIVE') return facts
  const { verdict: _verdict, reason: _reason, next: _next, endedAt: _endedAt, ...kept } = known
  return { ...facts, stages: { ...facts.stages, [stage]: { ...kept, detail } } }
}
