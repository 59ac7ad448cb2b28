import {
  defined,
  isTerminal,
  PARTNER_PROMISE_MS,
  type EventData,
  type EventType,
  type KeptPolicy,
  type ReceivedEvent,
  type RunDecision,
  type StageFailure,
  type StageName,
} from '#libs/contracts'
import { recordResponse, closeDecisions } from './decisions.js'
import { endOf, reasonOf, stateOf } from './project-run.js'
import type { EndedEarly, RunFacts, StageFacts } from './run-facts.js'

type Received<K extends EventType> = Pick<ReceivedEvent<K>, 'time' | 'attempt' | 'data'>

const HANDLERS = {
  'hms.lint.passed.v1': (facts, event) => {
    const warnings = event.data.findings.map(({ rule, message }) => `${rule}: ${message}`)
    const detail =
      warnings.length === 0 ? '' : `${warnings.length} ${warnings.length === 1 ? 'warning' : 'warnings'}: ${warnings.join('; ')}`
    return pass(facts, 'lint', event, detail, { startedAt: facts.startedAt })
  },
  'hms.lint.failed.v1': (facts, event) => fail(facts, 'lint', event, 'FAIL', { startedAt: facts.startedAt }),
  'hms.simulation.started.v1': (facts, { time }) => add(facts, 'simulate', { startedAt: time }),
  'hms.simulation.passed.v1': (facts, event) => pass(facts, 'simulate', event, event.data.summary),
  'hms.simulation.failed.v1': (facts, event) => fail(facts, 'simulate', event, 'FAIL'),
  'hms.simulation.paused.v1': (facts, event) => fail(facts, 'simulate', event, 'INCONCLUSIVE'),
  'hms.canary.delayed.v1': (facts, { time, data: { label, detail, reason, behind } }) => {
    const waits = behind === undefined ? reason : 'REGION_BUSY'
    return add(facts, 'canary', { startedAt: facts.stages.canary?.startedAt ?? time, label, detail, waits, behind })
  },
  'hms.canary.started.v1': (facts, { time, data: { label, detail, step = 1 } }) =>
    // The stage starts with the heads of its first step.
    add(facts, 'canary', { ...(step === 1 ? { startedAt: time } : {}), label, detail, waits: null, shown: true }),
  'hms.canary.observation-started.v1': (facts, { data: { detail, until } }) => add(facts, 'canary', { detail, waits: null, until }),
  'hms.canary.step-passed.v1': (facts, { data: { label, detail, steps } }) => add(facts, 'canary', { label, detail, steps }),
  'hms.canary.passed.v1': (facts, event) => {
    const { summary, label, figures, steps } = event.data
    return pass(facts, 'canary', event, summary, { label, figures, steps })
  },
  'hms.canary.failed.v1': (facts, event) => fail(facts, 'canary', event, 'FAIL', figuresOf(event)),
  'hms.canary.paused.v1': (facts, event) => fail(facts, 'canary', event, 'INCONCLUSIVE', figuresOf(event)),
  'hms.rollout.delayed.v1': (facts, { time, data }) => add(facts, 'rollout', { startedAt: time, detail: data.detail, waits: data.reason }),
  'hms.rollout.started.v1': (facts, { time, data }) => add(facts, 'rollout', { startedAt: time, detail: data.detail, waits: null }),
  'hms.rollout.held.v1': (facts, { data: { detail, until, reach } }) =>
    add(facts, 'rollout', { detail, waits: 'EFFECTIVE_AT', until, effectiveAt: until, reach }),
  'hms.rollout.took-effect.v1': (facts, { data: { detail } }) => add(facts, 'rollout', { detail, waits: null }),
  'hms.rollout.bake-started.v1': (facts, { data: { detail, until, reach } }) =>
    add(facts, 'rollout', { baking: true, detail, waits: null, until, reach }),
  'hms.rollout.completed.v1': (facts, event) => pass(facts, 'rollout', event, event.data.summary, { reach: event.data.reach }),
  'hms.rollout.failed.v1': (facts, event) => fail(withKept(facts, event.data), 'rollout', event, 'FAIL'),
  'hms.rollout.paused.v1': (facts, event) => fail(facts, 'rollout', event, 'INCONCLUSIVE'),
  'hms.rollout.reversed.v1': (facts, event) => {
    const { from, to, reason } = event.data
    // For other runs the stage's failure event has the reason.
    if (facts.isRollback !== true) return facts
    return pass(facts, 'rollout', event, `from ${from.version} to ${to?.version ?? 'nothing'}: ${reason}`)
  },
  'hms.notification.started.v1': (facts, { time, data }) => add(facts, 'notify', { startedAt: time, partners: data.partners.length }),
  'hms.notification.completed.v1': (facts, event) =>
    withNotified(pass(facts, 'notify', event, event.data.summary), event.data.sent, 0, event.time),
  'hms.notification.progressed.v1': (facts, { time, data: { partners, sent, acknowledged } }) =>
    withNotified(add(facts, 'notify', { partners }), sent, acknowledged, time),
  'hms.run.decision-applied.v1': (facts, { time, data }) => recordResponse(withKept(facts, data), data, 'applied', time),
  'hms.run.decision-late.v1': (facts, { time, data }) => recordResponse(facts, data, 'late', time),
  'hms.guard.judged.v1': (facts, { time, data }) => judged(facts, data, time),
  'hms.run.poisoned.v1': (facts, { time, data: { reason, detail } }) => addEnd(facts, { state: 'FAILED', reason, detail, at: time }),
} satisfies { [K in EventType]?: (facts: RunFacts, event: Received<K>) => RunFacts }

type RunEventType = keyof typeof HANDLERS

export const RUN_EVENTS = Object.keys(HANDLERS) as RunEventType[]

/** Event that changes the facts of a run, with the members that are used. */
export type RunEvent = { [K in RunEventType]: { type: K } & Received<K> }[RunEventType]

/** Applies a stage's event to the facts of its run. Events of an older attempt change nothing. */
export function evolveRun(facts: RunFacts, event: RunEvent): RunFacts {
  const apply = HANDLERS[event.type] as (facts: RunFacts, event: RunEvent) => RunFacts
  return isOfOlderAttempt(facts, event) ? facts : settle(apply(facts, event))
}

/** Whether an event belongs to an earlier attempt. Approver records it as `ignored-stale`. */
export function isOfOlderAttempt(facts: RunFacts, event: { attempt?: number }): boolean {
  return (event.attempt ?? facts.attempt) < facts.attempt
}

function figuresOf({ data: { label, figures } }: { data: Pick<StageFacts, 'label' | 'figures'> }): StageFacts {
  return { label, figures }
}

/** Ends a run for a reason outside its stages. The first end is final. */
export function endEarly(facts: RunFacts, end: EndedEarly): RunFacts {
  return settle(addEnd(facts, end))
}

export function abortUnstarted(facts: RunFacts, { id }: RunDecision, at: string): RunFacts {
  return settle(recordResponse(facts, { id, stage: 'lint', detail: '' }, 'applied', at))
}

function judged(facts: RunFacts, { stage, verdict, rule, sentence }: EventData['hms.guard.judged.v1'], at: string): RunFacts {
  const ruling = `guard ${rule}: ${sentence}`
  if (verdict === 'FAIL') return addEnd(facts, { state: 'FAILED', reason: 'GUARD_DENIED', detail: ruling, at })
  return verdict === 'WARN' && stage !== null ? add(facts, stage, { warning: `WARN ${ruling}` }) : facts
}

function addEnd(facts: RunFacts, end: EndedEarly): RunFacts {
  return facts.endedEarly === undefined ? { ...facts, endedEarly: end } : facts
}

/** Sets the terminal state once; the first end is final. */
function settle(facts: RunFacts): RunFacts {
  const state = stateOf(facts)
  if (facts.ended !== undefined || !isTerminal(state)) return facts
  const reason = reasonOf(facts)
  return { ...closeDecisions(facts), ended: { state, ...defined({ reason }), at: endOf(facts) } }
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

/** Merges the numbers of notified partners, also after the stage's verdict. They only grow, so the events may arrive in any order. */
function withNotified(facts: RunFacts, notified: number, acknowledged: number, at: string): RunFacts {
  const known = facts.stages.notify ?? {}
  const isInTime = Date.parse(at) - Date.parse(facts.createdAt) <= PARTNER_PROMISE_MS
  const toldAt = notifiedAt(notified, at, known)
  const notify: StageFacts = {
    ...known,
    told: Math.max(notified, known.told ?? 0),
    ...defined({ toldAt }),
    toldInTime: Math.max(isInTime ? notified : 0, known.toldInTime ?? 0),
    acknowledged: Math.max(acknowledged, known.acknowledged ?? 0),
  }
  return { ...facts, stages: { ...facts.stages, notify } }
}

/** Returns when the highest number of notified partners was first reached. */
function notifiedAt(notified: number, at: string, known: StageFacts): string | undefined {
  if (notified > (known.told ?? 0)) return at
  return notified === known.told && known.toldAt !== undefined && at < known.toldAt ? at : known.toldAt
}

/** Merges facts of a stage. PASS and FAIL are final; after them, events only add missing facts. */
function add(facts: RunFacts, stage: StageName, added: StageFacts): RunFacts {
  const known = facts.stages[stage] ?? {}
  const isOpen = known.verdict === undefined || (known.verdict === 'INCONCLUSIVE' && added.verdict !== undefined)
  const merged = isOpen ? { ...known, ...defined(added) } : { ...defined(added), ...known }
  return { ...facts, stages: { ...facts.stages, [stage]: merged } }
}
