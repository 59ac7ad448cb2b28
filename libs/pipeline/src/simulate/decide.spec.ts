import { describe, expect, it } from 'vitest'
import { decisionReceived, commonInputs, DOSSIER, ORIGIN } from '../testing/samples.js'
import { drawStage } from '../testing/stage-diagram.js'
import { describeStage, transitionsOf, unsampled } from '../testing/transitions.js'
import { decideSimulation, newSimulation, SIMULATION_TIMERS, type Replayed, type Simulation, type SimulationInput } from './decide.js'
import { emptyScore, type SimulationVerdict } from './judge.js'

const CONTEXT = { deadlineMs: 600_000 }
const FRESH = newSimulation(DOSSIER, ORIGIN)
const inState = (state: Simulation['state']): Simulation => ({ ...FRESH, state })
const when = (given: Simulation, input: SimulationInput) => decideSimulation(given, input, CONTEXT)

function replayed(verdict: SimulationVerdict): Replayed {
  const attestation = { payloadType: '', payload: '', signatures: [] }
  const evidence = { scenarios: [], attestation, attested: DOSSIER, report: null, reportDigest: null, skipped: [] }
  return { type: 'replayed', verdict, score: emptyScore('no bots registered', false), ...evidence }
}

describe('given a new simulation', () => {
  it('when its run arrives, then timers for the replay and its deadline are scheduled', () => {
    const { state, effects } = when(FRESH, { type: 'opened' })
    expect(state.state).toBe('waiting')
    expect(effects.slice(1)).toEqual([
      { do: 'schedule', timer: 'replay', inMs: 0 },
      { do: 'schedule', timer: 'deadline', inMs: 600_000 },
    ])
  })
})

describe('given a running replay', () => {
  it.each([
    [{ do: 'pass', summary: '2 of 2 adapted' }, 'passed', 'hms.simulation.passed.v1'],
    [{ do: 'fail', reason: 'BELOW_THRESHOLD', detail: '1 STALE', next: [] }, 'failed', 'hms.simulation.failed.v1'],
    [{ do: 'pause', reason: 'NO_EVIDENCE', detail: 'no bots', next: [] }, 'paused', 'hms.simulation.paused.v1'],
  ] as const)('when the verdict is %j, then it is %s and publishes that', (verdict, state, type) => {
    const decision = when(inState('waiting'), replayed(verdict as unknown as SimulationVerdict))
    expect(decision.state.state).toBe(state)
    expect(decision.effects.at(-1)).toMatchObject({ do: 'emit', type })
  })

  it('when the deadline expires first, then it fails, and a later verdict changes nothing', () => {
    const late = when(inState('waiting'), { type: 'due', timer: 'deadline' })
    expect(late.effects.at(-1)).toMatchObject({ data: { reason: 'DEADLINE', detail: 'the replay did not end within 10m' } })
    expect(when(late.state, replayed({ do: 'pass', summary: '' }))).toEqual({ state: late.state, effects: [] })
  })

  it('when the run ends, then the replay is stopped; the end of an older attempt does nothing', () => {
    expect(when(inState('waiting'), { type: 'ended', attempt: 1, reason: '' }).effects).toContainEqual({ do: 'stopReplay' })
    expect(when(inState('waiting'), { type: 'ended', attempt: 0, reason: '' }).effects).toEqual([])
  })
})

describe('given a simulation that is paused', () => {
  it('when a person retries it, then it ends, and the stage responds', () => {
    const { state, effects } = when(inState('paused'), decisionReceived('retry', 'simulate'))
    expect(state.state).toBe('aborted')
    expect(effects.at(-1)).toMatchObject({ do: 'answer', outcome: 'applied' })
    expect(when(inState('waiting'), decisionReceived('retry', 'simulate')).effects).toEqual([])
  })
})

describe('given a simulation that passed', () => {
  it('when it is aborted or superseded, then a later stage responds', () => {
    for (const decision of ['abort', 'supersede'] as const)
      expect(when(inState('passed'), decisionReceived(decision, 'simulate')).effects).toEqual([])
  })
})

describe('every state with every input', () => {
  const states = Object.fromEntries(
    (['new', 'waiting', 'passed', 'failed', 'paused', 'aborted'] as const).map((state) => [state, inState(state)]),
  )
  const inputs: Record<string, SimulationInput> = {
    opened: { type: 'opened' },
    'verdict pass': replayed({ do: 'pass', summary: '' }),
    'verdict fail': replayed({ do: 'fail', reason: 'BELOW_THRESHOLD', detail: '', next: [] }),
    'verdict pause': replayed({ do: 'pause', reason: 'NO_EVIDENCE', detail: '', next: [] }),
    'replay gave no report': { type: 'replayFailed', reason: 'REPLAY_FAILED', detail: '' },
    ...commonInputs(SIMULATION_TIMERS, 'simulate'),
  }
  const transitions = transitionsOf(states, inputs, when)

  it('has a sample of each state and of each input', () => {
    const allStates: Record<Simulation['state'], true> = {
      new: true,
      waiting: true,
      passed: true,
      failed: true,
      paused: true,
      aborted: true,
    }
    const allInputs: Record<SimulationInput['type'], true> = {
      opened: true,
      replayed: true,
      replayFailed: true,
      refused: true,
      due: true,
      ended: true,
      decisionReceived: true,
    }
    expect(unsampled({ states: allStates, inputs: allInputs }, states, inputs)).toEqual([])
  })

  it('has a defined result for each state and input, as docs/stages/simulate shows', async () => {
    await expect(describeStage('Simulate', transitions)).toMatchFileSnapshot('../../../../docs/stages/simulate.md')
    await expect(drawStage('Simulate', transitions, ['passed', 'failed', 'aborted'])).toMatchFileSnapshot(
      '../../../../docs/stages/simulate.svg',
    )
  })
})
