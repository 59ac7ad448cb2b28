import {
  isTerminal,
  PARTNER_PROMISE_MS,
  type EventData,
  type KeptPolicy,
  type RunDecision,
  type StageFailure,
  type StageName,
} from '#libs/contracts'
import { answerDecision, closeDecisions } from './decisions.js'
import { endOf, reasonOf, stateOf } from './project-run.js'
import type { RunEvent } from './run-events.js'
import type { EndedEarly, RunFacts, StageFacts } from './run-facts.js'

/** Applies a stage's event to the facts of its run. Events of an older attempt change nothing. */
export function evolveRun(facts: RunFacts, event: RunEvent): RunFacts {
  return isOfOlderAttempt(facts, event) ? facts : settle(withNews(facts, event))
}

/** Whether an event belongs to an abandoned attempt; it is recorded as `ignored-stale`. */
export function isOfOlderAttempt(facts: RunFacts, event: { attempt?: number }): boolean {
  return (event.attempt ?? facts.attempt) < facts.attempt
}

function withNews(facts: RunFacts, event: RunEvent): RunFacts {
  switch (event.type) {
    case 'hms.lint.passed.v1': {
      const { findings } = event.data
      const warnings = findings.map((finding) => `${finding.rule}: ${finding.message}`)
      const detail =
        warnings.length === 0 ? '' : `${warnings.length} ${warnings.length === 1 ? 'warning' : 'warnings'}: ${warnings.join('; ')}`
      return pass(facts, 'lint', event, detail, { startedAt: facts.startedAt })
    }
    case 'hms.simulation.started.v1':
      return add(facts, 'simulate', { startedAt: event.time })
    case 'hms.simulation.passed.v1':
      return pass(facts, 'simulate', event, event.data.summary)
    case 'hms.canary.delayed.v1': {
      const { label, detail, reason, behind } = event.data
      const waits = behind === undefined ? reason : 'REGION_BUSY'
      return add(facts, 'canary', { startedAt: facts.stages.canary?.startedAt ?? event.time, label, detail, waits, behind })
    }
    case 'hms.canary.started.v1': {
      const { label, detail, step = 1 } = event.data
      // The stage starts with its first head.
      return add(facts, 'canary', { ...(step === 1 ? { startedAt: event.time } : {}), label, detail, waits: null, shown: true })
    }
    case 'hms.canary.observation-started.v1':
      return add(facts, 'canary', { detail: event.data.detail, waits: null, until: event.data.until })
    case 'hms.canary.step-passed.v1': {
      const { label, detail, steps } = event.data
      return add(facts, 'canary', { label, detail, steps })
    }
    case 'hms.canary.passed.v1': {
      const { summary, label, figures, steps } = event.data
      return pass(facts, 'canary', event, summary, { label, figures, steps })
    }
    case 'hms.rollout.delayed.v1':
      return add(facts, 'rollout', { startedAt: event.time, detail: event.data.detail, waits: event.data.reason })
    case 'hms.rollout.started.v1':
      return add(facts, 'rollout', { startedAt: event.time, detail: event.data.detail, waits: null })
    case 'hms.rollout.held.v1': {
      const { detail, until, reach } = event.data
      return add(facts, 'rollout', { detail, waits: 'EFFECTIVE_AT', until, effectiveAt: until, reach })
    }
    case 'hms.rollout.took-effect.v1':
      return add(facts, 'rollout', { detail: event.data.detail, waits: null })
    case 'hms.rollout.bake-started.v1': {
      const { detail, until, reach } = event.data
      return add(facts, 'rollout', { baking: true, detail, waits: null, until, reach })
    }
    case 'hms.rollout.completed.v1':
      return pass(facts, 'rollout', event, event.data.summary, { reach: event.data.reach })
    case 'hms.rollout.reversed.v1': {
      const { from, to, reason } = event.data
      // A rollback that is abandoned has its reason in the verdict.
      if (facts.isRollback !== true) return facts
      return pass(facts, 'rollout', event, `from ${from.version} to ${to?.version ?? 'nothing'}: ${reason}`)
    }
    case 'hms.notification.started.v1':
      return add(facts, 'notify', { startedAt: event.time, partners: event.data.partners.length })
    case 'hms.notification.completed.v1':
      return withTold(pass(facts, 'notify', event, event.data.summary), event.data.sent, 0, event.time)
    case 'hms.notification.progressed.v1':
      return withTold(add(facts, 'notify', { partners: event.data.partners }), event.data.sent, event.data.acknowledged, event.time)
    case 'hms.lint.failed.v1':
      return fail(facts, 'lint', event, 'FAIL', { startedAt: facts.startedAt })
    case 'hms.simulation.failed.v1':
      return fail(facts, 'simulate', event, 'FAIL')
    case 'hms.canary.failed.v1':
      return fail(facts, 'canary', event, 'FAIL', { label: event.data.label, figures: event.data.figures })
    case 'hms.rollout.failed.v1':
      return fail(withKept(facts, event.data), 'rollout', event, 'FAIL')
    case 'hms.simulation.paused.v1':
      return fail(facts, 'simulate', event, 'INCONCLUSIVE')
    case 'hms.canary.paused.v1':
      return fail(facts, 'canary', event, 'INCONCLUSIVE', { label: event.data.label, figures: event.data.figures })
    case 'hms.rollout.paused.v1':
      return fail(facts, 'rollout', event, 'INCONCLUSIVE')
    case 'hms.run.decision-applied.v1':
      return answerDecision(withKept(facts, event.data), event.data, 'applied', event.time)
    case 'hms.run.decision-late.v1':
      return answerDecision(facts, event.data, 'late', event.time)
    case 'hms.guard.judged.v1':
      return judged(facts, event.data, event.time)
    case 'hms.run.poisoned.v1': {
      const { reason, detail } = event.data
      return addEnd(facts, { state: 'FAILED', reason, detail, at: event.time })
    }
  }
}

/** Ends a run from outside its stages; the first end is final. */
export function endEarly(facts: RunFacts, end: EndedEarly): RunFacts {
  return settle(addEnd(facts, end))
}

/** Ends a run that no stage has started: the abort or supersede decision alone ends it. */
export function abortUnstarted(facts: RunFacts, { id }: RunDecision, at: string): RunFacts {
  return settle(answerDecision(facts, { id, stage: 'lint', detail: '' }, 'applied', at))
}

function judged(facts: RunFacts, { stage, verdict, rule, sentence }: EventData['hms.guard.judged.v1'], at: string): RunFacts {
  const said = `guard ${rule}: ${sentence}`
  if (verdict === 'FAIL') return addEnd(facts, { state: 'FAILED', reason: 'GUARD_DENIED', detail: said, at })
  return verdict === 'WARN' && stage !== null ? add(facts, stage, { warning: `WARN ${said}` }) : facts
}

function addEnd(facts: RunFacts, end: EndedEarly): RunFacts {
  return facts.endedEarly === undefined ? { ...facts, endedEarly: end } : facts
}

/** Sets the terminal state once; the first end is final. */
function settle(facts: RunFacts): RunFacts {
  const state = stateOf(facts)
  if (facts.ended !== undefined || !isTerminal(state)) return facts
  const reason = reasonOf(facts)
  return { ...closeDecisions(facts), ended: { state, ...(reason === undefined ? {} : { reason }), at: endOf(facts) } }
}

function withKept(facts: RunFacts, { kept }: { kept?: KeptPolicy[] }): RunFacts {
  return kept === undefined ? facts : { ...facts, kept }
}

function pass(facts: RunFacts, stage: StageName, event: { time: string }, detail: string, more: StageFacts = {}): RunFacts {
  return add(facts, stage, { ...more, verdict: 'PASS', detail, endedAt: event.time })
}

function fail(
  facts: RunFacts,
  stage: StageName,
  { data, time }: { data: StageFailure; time: string },
  verdict: 'FAIL' | 'INCONCLUSIVE',
  more: StageFacts = {},
): RunFacts {
  const { reason, detail, next } = data
  return add(facts, stage, { ...more, verdict, reason, detail, next, endedAt: time })
}

/** Merges notification counts. They only grow, so the stage's events may arrive in any order, and they are added after its verdict too. */
function withTold(facts: RunFacts, notified: number, acknowledged: number, at: string): RunFacts {
  const known = facts.stages.notify ?? {}
  const isInTime = Date.parse(at) - Date.parse(facts.createdAt) <= PARTNER_PROMISE_MS
  const toldAt = earlierFor(notified, at, known)
  const notify: StageFacts = {
    ...known,
    told: Math.max(notified, known.told ?? 0),
    ...(toldAt === undefined ? {} : { toldAt }),
    toldInTime: Math.max(isInTime ? notified : 0, known.toldInTime ?? 0),
    acknowledged: Math.max(acknowledged, known.acknowledged ?? 0),
  }
  return { ...facts, stages: { ...facts.stages, notify } }
}

/** Returns when the number of notified partners was first reached. */
function earlierFor(notified: number, at: string, known: StageFacts): string | undefined {
  if (notified > (known.told ?? 0)) return at
  return notified === known.told && known.toldAt !== undefined && at < known.toldAt ? at : known.toldAt
}

/** Merges facts of a stage. A verdict other than a pause is final; later events only fill in missing facts. */
function add(facts: RunFacts, stage: StageName, news: StageFacts): RunFacts {
  const known = facts.stages[stage] ?? {}
  const isOpen = known.verdict === undefined || (known.verdict === 'INCONCLUSIVE' && news.verdict !== undefined)
  const merged = isOpen ? { ...known, ...defined(news) } : { ...defined(news), ...known }
  return { ...facts, stages: { ...facts.stages, [stage]: merged } }
}

function defined(news: StageFacts): StageFacts {
  return Object.fromEntries(Object.entries(news).filter(([, value]) => value !== undefined))
}
