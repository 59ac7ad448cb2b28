import { isTerminal, type EventData, type RunState } from '#libs/contracts'
import { stateOf } from '#libs/pipeline'
import type { Emitted, Evidence } from './evidence.js'

/** Verdicts of one stage: of these, one attempt of a run has one, once. */
const VERDICTS: readonly (readonly string[])[] = [
  ['hms.lint.passed.v1', 'hms.lint.failed.v1'],
  ['hms.simulation.passed.v1', 'hms.simulation.failed.v1'],
  ['hms.canary.passed.v1', 'hms.canary.failed.v1'],
  ['hms.rollout.completed.v1', 'hms.rollout.failed.v1'],
]
const STEPS: readonly (readonly string[])[] = [
  ['hms.approval.approved.v1'],
  ['hms.simulation.started.v1'],
  ['hms.canary.started.v1'],
  ['hms.canary.observation-started.v1'],
  ['hms.canary.step-passed.v1'],
  ['hms.rollout.started.v1'],
  ['hms.rollout.promoted.v1'],
  ['hms.rollout.held.v1'],
  ['hms.rollout.took-effect.v1'],
  ['hms.rollout.bake-started.v1'],
  ['hms.notification.started.v1'],
  ['hms.notification.completed.v1'],
]

/** By approver's events, in their order: a terminal state of a run is final; in the end all runs are terminal. */
export function runsEndOnce({ emitted, runs, accepted }: Evidence): string[] {
  const found: string[] = []
  const states = new Map<number, RunState>()
  for (const event of emitted) {
    if (event.type !== 'hms.run.changed.v1') continue
    const { run, state } = (event.data as unknown as EventData['hms.run.changed.v1']).view
    const before = states.get(run)
    if (before !== undefined && isTerminal(before) && before !== state) found.push(`run ${run} was ${before} and became ${state}`)
    states.set(run, state)
  }
  for (const run of accepted) {
    const state = states.get(run)
    if (state === undefined || !isTerminal(state)) found.push(`run ${run} is ${state ?? 'unheard of'} in the end`)
  }
  for (const { facts } of runs)
    if (stateOf(facts) !== states.get(facts.run))
      found.push(`run ${facts.run} is ${stateOf(facts)}, and was told to be ${states.get(facts.run)}`)
  return found
}

/**
 * Steps that a stage takes again when people resume or extend it: an observation also continues after each freeze that stopped it, and what
 * was paused after a step had passed is observed again in that step, or promoted out of it. The promotion of a paused bake lets it
 * begin again.
 */
const AGAIN: ReadonlySet<string> = new Set([
  'hms.canary.observation-started.v1',
  'hms.canary.step-passed.v1',
  'hms.rollout.bake-started.v1',
])

export function effectsOnce({ emitted }: Evidence): string[] {
  const found: string[] = []
  for (const types of [...VERDICTS, ...STEPS]) {
    const effects = new Map<string, [Emitted, ...Emitted[]]>()
    for (const event of emitted) {
      if (!types.includes(event.type)) continue
      const name = `run ${runOf(event)} attempt ${event.attempt ?? 1}${stepOf(event)}`
      effects.set(name, [...(effects.get(name) ?? []), event] as [Emitted, ...Emitted[]])
    }
    for (const [name, [first, ...more]] of effects) {
      const again = AGAIN.has(first.type) ? appliedAfter(emitted, first) + byItself(emitted, first) : 0
      if (more.length > again) found.push(`${name} has ${more.length + 1} of ${types.join(' or ')}`)
    }
  }
  return found
}

/** Counts decisions that the stage applied after the step; their time does not count, because the stage may receive them later. */
function appliedAfter(emitted: readonly Emitted[], first: Emitted): number {
  const again = first.type === 'hms.canary.observation-started.v1' ? ['resume', 'extend'] : ['resume', 'extend', 'promote']
  return emitted
    .slice(emitted.indexOf(first))
    .filter((event) => event.producer === first.producer && event.type === 'hms.run.decision-applied.v1' && runOf(event) === runOf(first))
    .filter(({ data }) => again.includes((data as unknown as EventData['hms.run.decision-applied.v1']).decision)).length
}

function byItself(emitted: readonly Emitted[], first: Emitted): number {
  if (first.type !== 'hms.canary.observation-started.v1') return 0
  return frozen(emitted, runOf(first)) + stepsPassed(emitted, runOf(first))
}

/** Of a ramp, each step is begun and passed once, and observed once. */
function stepOf({ type, data }: Emitted): string {
  const { step, steps } = data as { step?: number; steps?: unknown[] }
  if (type === 'hms.canary.started.v1') return ` step ${step ?? 1}`
  return type === 'hms.canary.step-passed.v1' ? ` step ${steps!.length}` : ''
}

function stepsPassed(emitted: readonly Emitted[], run: string): number {
  return emitted.filter((event) => event.type === 'hms.canary.step-passed.v1' && runOf(event) === run).length
}

function frozen(emitted: readonly Emitted[], run: string): number {
  return emitted.filter((event) => {
    return event.type === 'hms.canary.delayed.v1' && runOf(event) === run && (event.data as { reason?: string }).reason === 'FREEZE'
  }).length
}

/** One message for each partner, policy and cause; what is given up was tried. */
export function partnersOnce({ deliveries }: Evidence): string[] {
  const counts = new Map<string, number>()
  for (const { messageId, channel } of deliveries) counts.set(`${messageId} ${channel}`, (counts.get(`${messageId} ${channel}`) ?? 0) + 1)
  return [...counts].filter(([, count]) => count > 1).map(([name, count]) => `${count} deliveries of ${name}`)
}

export function approvalsKept({ accepted, runs }: Evidence): string[] {
  const known = new Set(runs.map(({ facts }) => facts.run))
  return [...accepted].filter((run) => !known.has(run)).map((run) => `run ${run} was acknowledged, and nobody knows it`)
}

function runOf(event: Emitted): string {
  return event.runId ?? 'none'
}
