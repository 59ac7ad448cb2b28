import { afterEach, describe, expect, it } from 'vitest'
import { ReplayError } from '../replay/replay-error.js'
import { ADAPTS, dossierOf, HARD_CODED, POLICY } from '../testing/dossier.fixture.js'
import { recordedHead } from '../testing/recorded-head.fixture.js'
import { HeldRunner, simulatorWorld } from '../testing/simulator-world.suite.js'

type World = Awaited<ReturnType<typeof simulatorWorld>>
let world: World | undefined
afterEach(() => world?.stop())

async function open(options?: Parameters<typeof simulatorWorld>[0]): Promise<World> {
  world = await simulatorWorld(options)
  await world.addBots({ one: ADAPTS })
  await world.addEvidence()
  return world
}

const policy = (version: string, limit: number) => ({ id: POLICY, version, effective: '2024-09-01T00:00:00Z', limit })
const CHANGE = { policies: [policy('2.0.0', 25)], live: [policy('1.5.0', 35)] }

describe('a trial', () => {
  it('returns the result that a run would, with the same report digest, and stores nothing', async () => {
    const given = await open()
    const trial = await given.trials.execute(CHANGE)
    expect(trial).toMatchObject({
      verdict: 'PASS',
      detail: '100.0% bots adapted, 1/1; 1 discriminating inputs and 3 at the boundary',
      score: { adapted: 1, applicable: 1, firstVersion: false, bots: { ADAPTED: ['one'] } },
    })
    await expect(given.show()).rejects.toMatchObject({ code: 'HMS_SIMULATION_NOT_FOUND' })
    await given.linted(await dossierOf(['2.0.0', 25], ['1.5.0', 35]))
    await given.settle()
    expect((await given.show()).reportDigest).toBe(trial.reportDigest)
  })

  it('uses other policies in force, as the run does', async () => {
    const given = await open()
    await given.recorded(await recordedHead(given.identity, 'ozone-limit', ['1.0.0', 60]))
    await given.addBots({
      two: ADAPTS.replace(`['${POLICY}']`, `['${POLICY}', 'ozone-limit']`).replace('=>', "=> getPolicy('ozone-limit') &&"),
    })
    const trial = await given.trials.execute(CHANGE)
    expect(trial).toMatchObject({ verdict: 'PASS', score: { adapted: 2 }, beside: [{ policy: 'ozone-limit', version: '1.0.0' }] })
    await given.linted(await dossierOf(['2.0.0', 25], ['1.5.0', 35]))
    await given.settle()
    expect((await given.show()).reportDigest).toBe(trial.reportDigest)
  })

  it('fails if the run would fail', async () => {
    const given = await open()
    await given.addBots({ stale: HARD_CODED })
    expect(await given.trials.execute(CHANGE)).toMatchObject({
      verdict: 'FAIL',
      reason: 'BELOW_THRESHOLD',
      next: ['hms-svc bots add FILE --id stale'],
    })
  })

  it('treats a policy without a version in force as a first version', async () => {
    const given = await open()
    const { verdict, score } = await given.trials.execute({ policies: CHANGE.policies })
    expect([verdict, score?.firstVersion]).toEqual(['PASS', true])
  })

  it('never passes without evidence, not even in dev', async () => {
    world = await simulatorWorld()
    const trial = await world.trials.execute(CHANGE)
    expect(trial).toMatchObject({
      verdict: 'INCONCLUSIVE',
      reason: 'NO_EVIDENCE',
      detail: 'NO_EVIDENCE: no bots registered',
      reportDigest: null,
    })
  })

  it('excludes a second trial, and frees its slot at its deadline', async () => {
    const runner = new HeldRunner()
    const given = await open({ runner })
    const held = given.trials.execute(CHANGE)
    await given.breathe()
    runner.progress!({ done: 1, total: 2 })
    expect(given.simulations.trial()).toEqual({ done: 1, total: 2 })
    const other = { ...CHANGE, policies: [policy('2.0.0', 24)] }
    await expect(given.trials.execute(other)).rejects.toMatchObject({ code: 'HMS_PLACES_TAKEN', status: 503 })
    await given.advance(51)
    expect(await held).toMatchObject({ verdict: 'INCONCLUSIVE', reason: 'DEADLINE', score: null })
    expect(runner.signals[0]!.aborted).toBe(true)
    expect(() => given.simulations.trial()).toThrow(expect.objectContaining({ code: 'HMS_TRIAL_NOT_FOUND', status: 404 }))
    const next = given.trials.execute(CHANGE)
    await given.breathe()
    expect(runner.signals).toHaveLength(2)
    await given.advance(51)
    await next
  })

  it('ends when its caller disconnects, and frees its slot', async () => {
    const runner = new HeldRunner()
    const given = await open({ runner })
    const left = new AbortController()
    const held = given.trials.execute(CHANGE, left.signal)
    await given.breathe()
    left.abort()
    await expect(held).rejects.toMatchObject({ code: 'HMS_TRIAL_INTERRUPTED', status: 503 })
    expect(runner.signals[0]!.aborted).toBe(true)
    const next = given.trials.execute(CHANGE)
    await given.breathe()
    expect(runner.signals).toHaveLength(2)
    await given.advance(51)
    await next
  })

  it('is reported as interrupted when the worker was lost', async () => {
    const lost = new ReplayError('HMS_REPLAY_WORKER_LOST', 'lost', true)
    const given = await open({ runner: { replay: () => Promise.reject(lost), close: async () => {} } })
    await expect(given.trials.execute(CHANGE)).rejects.toMatchObject({ code: 'HMS_TRIAL_INTERRUPTED', status: 503 })
  })

  it.each([
    ['what is no policy', { policies: [{ id: 'x' }] }],
    ['a policy twice', { policies: [...CHANGE.policies, policy('2.0.1', 24)] }],
    ['what cannot be in force', { policies: CHANGE.policies, live: [{ id: 'x' }] }],
  ])('refuses %s', async (_what, request) => {
    const given = await open()
    await expect(given.trials.execute(request)).rejects.toMatchObject({ code: 'HMS_TRIAL_POLICY', status: 422 })
  })
})
