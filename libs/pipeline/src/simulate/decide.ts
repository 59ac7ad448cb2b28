import {
  command,
  type Envelope,
  type EventData,
  type PredictedLoad,
  type RunDossier,
  type ScenarioRule,
  writtenDuration,
} from '#libs/contracts'
import { applied, endsRun, lateResponse } from '../stage/decision-response.js'
import { unchanged, type DecisionReceived, type CommonEffect, type CommonInput, type Decision, type StageState } from '../stage/decision.js'
import type { SimulationVerdict } from './judge.js'
import type { SkippedScenario } from './lack.js'
import type { ReplayScore } from './score.js'

/** Simulation stage of a run: a replay through the registered bots. */
export interface Simulation extends StageState {
  /** `waiting`: the replay is due or runs; its deadline is scheduled. */
  state: 'new' | 'waiting' | 'passed' | 'failed' | 'paused' | 'aborted'
  dossier: RunDossier
  score: ReplayScore | null
  skipped: SkippedScenario[]
  /** Canonical JSON as text, because `reportDigest` covers its bytes, and bots' messages may contain NUL, which `jsonb` cannot store. */
  report: string | null
  reportDigest: string | null
}

export const SIMULATION_TIMERS = ['replay', 'deadline'] as const
export type SimulationTimer = (typeof SIMULATION_TIMERS)[number]

/** Input with the result of a replay and its verdict. `attested`: dossier with this stage's attestation. */
export interface Replayed extends Pick<Simulation, 'score' | 'skipped' | 'report' | 'reportDigest'> {
  type: 'replayed'
  verdict: SimulationVerdict
  scenarios: ScenarioRule[]
  /** Predicted alerts of the canary, if anything was replayed. */
  load?: PredictedLoad
  attestation: Envelope
  attested: RunDossier
}

export type SimulationInput =
  | CommonInput<SimulationTimer>
  | { type: 'opened' }
  | Replayed
  /** The replay failed without a report, so nothing is known about any bot. */
  | { type: 'replayFailed'; reason: string; detail: string }

type SimulationEvent = 'hms.simulation.started.v1' | 'hms.simulation.passed.v1' | 'hms.simulation.failed.v1' | 'hms.simulation.paused.v1'

export type SimulationEffect =
  | CommonEffect<SimulationEvent, SimulationTimer>
  /** Stops a running replay once the transaction has committed. */
  | { do: 'stopReplay' }

export interface SimulationContext {
  deadlineMs: number
}

type SimulationDecision = Decision<Simulation, SimulationEffect>

export function newSimulation(
  { run, attempt }: RunDossier,
  origin: Pick<Simulation, 'key' | 'causationId' | 'traceparent' | 'dossier'>,
): Simulation {
  return { run, attempt, ...origin, state: 'new', score: null, skipped: [], report: null, reportDigest: null }
}

/** Decides the simulation: replay once and publish the verdict, unless the run ends or the deadline expires before. */
export function decideSimulation(simulation: Simulation, input: SimulationInput, context: SimulationContext): SimulationDecision {
  const { state } = simulation
  switch (input.type) {
    case 'opened':
      return state === 'new' ? open(simulation, context) : unchanged(simulation)
    case 'refused':
      return state === 'new' ? end(simulation, 'failed', [failed(simulation, input)]) : unchanged(simulation)
    case 'replayed':
      return state === 'waiting' ? publishVerdict(simulation, input) : unchanged(simulation)
    case 'replayFailed':
      return state === 'waiting' ? end(simulation, 'failed', [failed(simulation, input)]) : unchanged(simulation)
    case 'due':
      return state === 'waiting' && input.timer === 'deadline' ? overdue(simulation, context) : unchanged(simulation)
    case 'ended':
      return state === 'waiting' && simulation.attempt <= input.attempt ? end(simulation, 'aborted', []) : unchanged(simulation)
    case 'decisionReceived':
      return handleDecision(simulation, input)
  }
}

function open(simulation: Simulation, { deadlineMs }: SimulationContext): SimulationDecision {
  const { run, attempt } = simulation
  const effects: SimulationEffect[] = [
    { do: 'emit', type: 'hms.simulation.started.v1', data: { run, attempt } },
    { do: 'schedule', timer: 'replay', inMs: 0 },
    { do: 'schedule', timer: 'deadline', inMs: deadlineMs },
  ]
  return { state: { ...simulation, state: 'waiting' }, effects }
}

function publishVerdict(
  simulation: Simulation,
  { verdict, score, skipped, report, reportDigest, ...replayed }: Replayed,
): SimulationDecision {
  const judged = { ...simulation, score, skipped, report, reportDigest }
  if (verdict.do === 'pass') {
    const { attested, scenarios, load } = replayed
    const data = { dossier: attested, summary: verdict.summary, reportDigest, scenarios, ...(load === undefined ? {} : { load }) }
    return end(judged, 'passed', [{ do: 'emit', type: 'hms.simulation.passed.v1', data }])
  }
  const { run, attempt } = simulation
  const { reason, detail, next } = verdict
  const data = { run, attempt, reason, detail, next, attestation: replayed.attestation }
  if (verdict.do === 'fail') return end(judged, 'failed', [{ do: 'emit', type: 'hms.simulation.failed.v1', data }])
  return end(judged, 'paused', [{ do: 'emit', type: 'hms.simulation.paused.v1', data }])
}

function overdue(simulation: Simulation, { deadlineMs }: SimulationContext): SimulationDecision {
  const detail = `the replay did not end within ${writtenDuration(deadlineMs)}`
  return end(simulation, 'failed', [failed(simulation, { reason: 'DEADLINE', detail })])
}

/** Applies decisions that end the run or retry the stage while it is waiting or paused; other decisions belong to later stages. */
function handleDecision(simulation: Simulation, received: DecisionReceived): SimulationDecision {
  const { decision } = received
  // A paused simulation cannot resume: people can end the run or retry the attempt.
  const [isEnd, isRetry] = [endsRun(decision.decision), decision.decision === 'retry']
  const isAddressed = (isEnd && simulation.state === 'waiting') || ((isEnd || isRetry) && simulation.state === 'paused')
  if (!isAddressed || decision.attempt < simulation.attempt) return unchanged(simulation)
  const late = lateResponse(received, 'applied', '')
  if (late !== undefined) return { state: simulation, effects: [late] }
  return end(simulation, 'aborted', [applied(decision)])
}

function failed({ run, attempt }: Simulation, { reason, detail }: { reason: string; detail: string }): SimulationEffect {
  const data: EventData['hms.simulation.failed.v1'] = { run, attempt, reason, detail, next: [command('bots.list')] }
  return { do: 'emit', type: 'hms.simulation.failed.v1', data }
}

function end(simulation: Simulation, state: Simulation['state'], last: SimulationEffect[]): SimulationDecision {
  const stop: SimulationEffect[] = [{ do: 'cancel', timers: SIMULATION_TIMERS }, { do: 'stopReplay' }]
  return { state: { ...simulation, state }, effects: [...stop, ...last] }
}
