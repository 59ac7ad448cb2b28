import { peekPredicate, type JsonObject, type ScenarioImpact, type Trial, type TrialStatement } from '#libs/contracts'
import { consequenceOf } from '#libs/policy'
import { digestOfJson, readTrial } from '#libs/signing'
import { afterEach, describe, expect, it } from 'vitest'
import { ReplayError } from '../replay/replay-error.js'
import { InlineReplayRunner, type ReplayRunner } from '../replay/replay-runner.js'
import type { Replayed, ReplayTask } from '../replay/replay.js'
import { ADAPTS, CORPUS, dossierOf, HARD_CODED, POLICY, SCENARIO } from '../testing/dossier.fixture.js'
import { recordedHead } from '../testing/recorded-head.fixture.js'
import { HeldRunner, simulatorHarness } from '../testing/simulator-harness.suite.js'

type Harness = Awaited<ReturnType<typeof simulatorHarness>>
let harness: Harness | undefined
afterEach(() => harness?.stop())

async function open(options?: Parameters<typeof simulatorHarness>[0]): Promise<Harness> {
  harness = await simulatorHarness(options)
  await harness.addBots({ one: ADAPTS })
  await harness.addEvidence()
  return harness
}

const policy = (version: string, limit: number) => ({ id: POLICY, version, effective: '2024-09-01T00:00:00Z', limit })
const CHANGE = { policies: [policy('2.0.0', 25)], live: [policy('1.5.0', 35)] }

/** Runner whose replays are counted and end when the test says so. */
class StepRunner implements ReplayRunner {
  private readonly inner = new InlineReplayRunner()
  readonly signals: AbortSignal[] = []
  go: () => void = () => {}

  async replay(task: ReplayTask, signal?: AbortSignal): Promise<Replayed> {
    this.signals.push(signal!)
    await new Promise<void>((resolve, reject) => {
      this.go = resolve
      signal!.addEventListener('abort', () => reject(signal!.reason as Error))
    })
    return this.inner.replay(task)
  }

  async close(): Promise<void> {}
}

describe('trials of one question', () => {
  const opened = async (): Promise<{ given: Harness; runner: StepRunner }> => {
    const runner = new StepRunner()
    return { given: await open({ runner }), runner }
  }

  it('are one trial while it runs, and for 60 s after', async () => {
    const { given, runner } = await opened()
    const together = [1, 2, 3].map(() => given.trials.execute(CHANGE))
    await given.breathe()
    together.push(given.trials.execute(structuredClone(CHANGE)))
    await given.breathe()
    runner.go()
    const trials = await Promise.all(together)
    expect(trials[0]!.reportDigest).not.toBeNull()
    for (const trial of [...trials, await given.trials.execute(CHANGE)]) expect(trial).toBe(trials[0])
    expect(runner.signals).toHaveLength(1)
    await given.advance(61)
    const later = given.trials.execute(CHANGE)
    await given.breathe()
    runner.go()
    expect((await later).reportDigest).toBe(trials[0]!.reportDigest)
    expect(runner.signals).toHaveLength(2)
  })

  it('are another question once something else is registered or in force', async () => {
    const { given, runner } = await opened()
    const ask = async (change: unknown = CHANGE): Promise<Trial> => {
      const trial = given.trials.execute(change as typeof CHANGE)
      await given.breathe()
      runner.go()
      return trial
    }
    await ask()
    await given.addBots({ two: HARD_CODED })
    expect((await ask()).verdict).toBe('FAIL')
    await given.corpora.add({ id: 'virginia', format: 'csv', content: `${CORPUS}\n`, map: { at: 'date', pm25: 'pm25_ug_m3' } })
    await ask()
    await given.scenarios.add({ file: 'pm25.yaml', source: SCENARIO.replace(' > ', ' >= ') })
    await ask()
    await given.recorded(await recordedHead(given.identity, 'ozone-limit', ['1.0.0', 60]))
    await ask()
    await given.addBots({ three: ADAPTS.replace(`['${POLICY}']`, `['${POLICY}', 'ozone-limit']`) })
    await ask()
    await given.recorded(await recordedHead(given.identity, 'ozone-limit', ['1.1.0', 70]))
    await ask()
    await ask({ ...CHANGE, live: [policy('1.4.0', 36)] })
    expect(runner.signals).toHaveLength(7)
    await ask()
    expect(runner.signals).toHaveLength(7)
  })

  it('are aborted only when no caller waits any longer', async () => {
    const { given, runner } = await opened()
    const [first, second] = [new AbortController(), new AbortController()]
    const [one, two] = [given.trials.execute(CHANGE, first.signal), given.trials.execute(CHANGE, second.signal)]
    await given.breathe()
    first.abort()
    await given.breathe()
    expect(runner.signals[0]!.aborted).toBe(false)
    second.abort()
    for (const held of [one, two]) await expect(held).rejects.toMatchObject({ code: 'HMS_TRIAL_INTERRUPTED' })
    expect(runner.signals[0]!.aborted).toBe(true)
  })

  it('are kept for the last sixteen questions', async () => {
    const given = await open()
    const ask = (limit: number): Promise<Trial> => given.trials.execute({ ...CHANGE, policies: [policy('2.0.0', limit)] })
    const first = await ask(1)
    for (let limit = 2; limit <= 16; limit++) await ask(limit)
    expect(await ask(1)).toBe(first)
    await ask(17)
    expect(await ask(1)).not.toBe(first)
  })
})

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
    harness = await simulatorHarness()
    const trial = await harness.trials.execute(CHANGE)
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

  it('signs what the change means, over the policies and the corpora', async () => {
    const given = await open()
    const { statement, reportDigest, impact } = await given.trials.execute(CHANGE)
    const trial = readTrial(statement, CHANGE, given.identity.roster.serviceKeys('simulator'))
    const [{ newlyViolating, newlyCompliant, readings, before, after, from, to }] = impact!.scenarios as [ScenarioImpact]
    expect(trial).toEqual({
      policies: [{ policy: POLICY, version: '2.0.0', digest: digestOfJson(CHANGE.policies[0]), live: digestOfJson(CHANGE.live[0]) }],
      corpora: [{ corpus: 'virginia', digest: (await given.corpora.list())[0]!.digest }],
      reportDigest,
      scenarios: [
        {
          scenario: 'pm25-violation',
          corpus: 'virginia',
          readings,
          before,
          after,
          from,
          to,
          newlyViolating: newlyViolating.count,
          newlyCompliant: newlyCompliant.count,
        },
      ],
      at: '2026-01-01T00:00:00.000Z',
    })
    const first = await given.trials.execute({ policies: CHANGE.policies })
    expect(peekPredicate<TrialStatement>(first.statement!)).toMatchObject({
      policies: [{ live: null }],
    })
  })

  it('signs how many readings it left out, and how many of them because of the change', async () => {
    const given = await open()
    await given.scenarios.add({
      file: 'by-site.yaml',
      source: `id: by-site\npolicies: [${POLICY}]\ncorpus: sites\nalert: reading.pm25 > double(policy["${POLICY}"].limits[reading.site])\n`,
    })
    const content = 'site,pm25\nnorth,12\nnorth,30\nsouth,30\nsouth,40\nsouth,50\neast,9\n'
    await given.corpora.add({ id: 'sites', format: 'csv', content, map: { site: 'site', pm25: 'pm25' } })
    const of = (version: string, limits: JsonObject): JsonObject => ({ ...policy(version, 25), limits })
    const live = [of('1.5.0', { north: 35, south: 35 })]
    const { statement, impact } = await given.trials.execute({ policies: [of('2.0.0', { north: 35 })], live })
    expect(impact!.scenarios).toMatchObject([
      { scenario: 'by-site', readings: 2, lost: 3, unjudged: 4 },
      { lost: 0, unjudged: 0 },
    ])
    const trial = peekPredicate<TrialStatement>(statement!)
    expect(trial.scenarios).toMatchObject([{ scenario: 'by-site', readings: 2, lost: 3, unjudged: 4 }, { scenario: 'pm25-violation' }])
    expect(trial.scenarios[1]).not.toHaveProperty('unjudged')
    const leftOut = '; 1 more could not be judged; 3 more have a verdict only under the version in force'
    expect(consequenceOf(trial)[0]).toEqual({
      scenario: 'by-site',
      sentence: `No reading of sites would have changed: 0 violations before and after (of 2)${leftOut}`,
      large: true,
    })
  })

  it('tries other values of the changed number, outside the report', async () => {
    const given = await open()
    const { whatIf, places } = await given.trials.execute(CHANGE)
    expect(whatIf).toMatchObject({ scenario: 'pm25-violation', policy: POLICY, field: 'limit' })
    expect(places).toBeUndefined()
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
