import { describe, expect, it } from 'vitest'
import { decisionReceived, DOSSIER, NOW, ORIGIN } from '../testing/samples.js'
import { newCanary, type Canary } from './canary.js'
import { decideCanary } from './decide.js'
import type { CanaryContext, CanaryEffect, CanaryInput } from './inputs-and-effects.js'

const CONTEXT: CanaryContext = {
  now: NOW,
  acknowledgeMs: 30_000,
  leaseMs: 120_000,
  measureMs: 10_000,
  evidence: 'optional',
  rules: { windowMs: 60_000, alertsPerBotDay: 0 },
}
const GATES = [
  { name: 'errors', query: 'error_ratio < bool 0.05' },
  { name: 'latency', query: 'p99 < bool 1' },
]

function gated(state: Canary['state'], metrics = GATES): Canary {
  const dossier = { ...DOSSIER, plan: { ...DOSSIER.plan, metrics } }
  const fresh = newCanary(dossier, { ...ORIGIN, dossier, scenarios: [] }, { now: NOW, begins: new Map() })
  const member = { ...fresh.members[0]!, seq: 7, published: true, connected: 1, expected: 1, acknowledged: 1, heard: true }
  const at = NOW.toISOString()
  return { ...fresh, state, members: [member], publishedAt: at, leaseUntil: at, observeUntil: at }
}

/** Builds samples, one sign per gate: `+` holds, `-` fails, `?` is unanswered. */
function checked(signs: string): CanaryInput {
  const samples = [...signs].map((sign, index) => {
    const { name } = GATES[index]!
    return sign === '?' ? { name, problem: 'no answer within 5 s' } : { name, holds: sign === '+' }
  })
  return { type: 'measured', samples }
}

const OVER: CanaryInput = { type: 'due', timer: 'observe' }

function after(given: Canary, ...inputs: CanaryInput[]): { state: Canary; effects: readonly CanaryEffect[] } {
  return inputs.reduce<{ state: Canary; effects: readonly CanaryEffect[] }>(({ state }, input) => decideCanary(state, input, CONTEXT), {
    state: given,
    effects: [],
  })
}

describe('given a canary with metrics', () => {
  it('when its observation begins, then they are queried, and again after each result', () => {
    const begun = after(gated('observing'), { type: 'freezeChanged', frozen: null })
    expect(begun.effects).toEqual([])
    const extended = decideCanary({ ...gated('publishing'), state: 'publishing' }, covered(), CONTEXT)
    expect(extended.effects).toContainEqual({ do: 'schedule', timer: 'measure', inMs: 0 })
    expect(after(gated('observing'), checked('++')).effects).toEqual([{ do: 'schedule', timer: 'measure', inMs: 10_000 }])
  })

  it('when all held to the end, then it passes and reports them', () => {
    const { state, effects } = after(gated('observing'), checked('++'), checked('++'), OVER)
    expect(state.state).toBe('passed')
    const summary = expect.stringContaining('metric errors held at 2 of 2 checks; metric latency held at 2 of 2 checks') as string
    expect(effects.at(-1)).toMatchObject({ do: 'pass', summary })
  })

  it('when one fails once, then nothing happens; when it fails twice, then the canary is rolled back', () => {
    const once = after(gated('observing'), checked('+-'))
    expect(once.state.state).toBe('observing')
    const twice = after(once.state, checked('++'), checked('+-'))
    expect(twice.state.state).toBe('failed')
    expect(twice.effects.map((effect) => effect.do)).toEqual(['takeBack', 'cancel', 'fail', 'freeRegions'])
    expect(twice.effects.at(-2)).toMatchObject({ reason: 'METRIC_FAILED', detail: 'metric latency failed 2 of 3 checks, limit 2' })
  })

  it('when one has no result, then that is no failure; at the fourth check in a row the canary pauses', () => {
    const thrice = after(gated('observing'), checked('?+'), checked('?+'), checked('?+'))
    expect(thrice.state.state).toBe('observing')
    expect(after(thrice.state, checked('++'), checked('?+'), checked('?+'), checked('?+')).state.state).toBe('observing')
    const mute = after(thrice.state, checked('?+'))
    expect(mute.state.state).toBe('paused')
    expect(mute.effects.at(-1)).toMatchObject({
      data: { reason: 'METRIC_UNANSWERED', detail: 'metric errors had no result at 4 checks in a row: no answer within 5 s' },
    })
  })

  it('when the observation ends before each has a result, then the verdict waits for them', () => {
    for (const early of [[], [checked('+?')], [checked('++'), checked('?+')]]) {
      const waiting = after(gated('observing'), ...early, OVER)
      expect([waiting.state.state, waiting.state.observed, waiting.effects]).toEqual(['observing', true, []])
      expect(after(waiting.state, checked('++')).state.state).toBe('passed')
    }
    expect(after(gated('observing'), OVER, checked('??'), checked('??'), checked('??'), checked('??')).state.state).toBe('paused')
  })

  it('when it is resumed, then they are queried again, and failures still count', () => {
    const paused = after(gated('observing'), checked('-+'), checked('?+'), checked('?+'), checked('?+'), checked('?+')).state
    const resumed = decideCanary(paused, decisionReceived('resume', 'canary'), CONTEXT).state
    expect(resumed.metrics).toMatchObject([{ name: 'errors', failed: 1, unanswered: 0 }, { name: 'latency' }])
    expect(after({ ...resumed, state: 'observing' }, checked('-+')).state.state).toBe('failed')
  })

  it('when results arrive while it is not observed, then they are ignored', () => {
    for (const state of ['publishing', 'paused', 'passed', 'baking', 'failed', 'ended'] as const) {
      const given = gated(state)
      expect(after(given, checked('--'))).toEqual({ state: given, effects: [] })
    }
  })
})

function covered(): CanaryInput {
  const scope = { scope: 'region:NCR', seq: 7, release: 'sha256:new', expected: 1, acknowledged: 1, silent: [] }
  return { type: 'covered', reports: [{ policy: 'epa-pm25-limit', revision: 3, scopes: [scope] }] }
}
