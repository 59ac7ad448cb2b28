import { afterEach, describe, expect, it } from 'vitest'
import { digestOf } from '#libs/signing'
import { canonicalJson, type ConfigDocument } from '#libs/contracts'
import { ReplayError } from '../replay/replay-error.js'
import type { ReplayRunner } from '../replay/replay-runner.js'
import { ADAPTS, bundleOf, dossierOf, HARD_CODED, POLICY, SCENARIO, THROWS } from '../testing/dossier.fixture.js'
import { SCENARIO_RULES_MAX_BYTES } from '../scenarios/scenario.table.js'
import { recordedHead } from '../testing/recorded-head.fixture.js'
import { HeldRunner, simulatorHarness, TRACE } from '../testing/simulator-harness.suite.js'

type Harness = Awaited<ReturnType<typeof simulatorHarness>>
let harness: Harness | undefined
afterEach(() => harness?.stop())

async function open(options?: Parameters<typeof simulatorHarness>[0]): Promise<Harness> {
  harness = await simulatorHarness(options)
  return harness
}

const TIGHTENED = () => dossierOf(['2.0.0', 25], ['1.5.0', 35])

async function resultOf(given: Harness, dossier = TIGHTENED()) {
  await given.linted(await dossier)
  await given.settle()
  return (await given.results())[0]
}

describe('a new version', () => {
  it('passes when the bots adapt, with the rules that explain alerts and the digest of the report', async () => {
    const given = await open()
    await given.addBots({ one: ADAPTS, two: ADAPTS })
    await given.addEvidence()
    const result = await resultOf(given)
    const { report, ...shown } = await given.show()
    expect(result).toMatchObject({
      type: 'hms.simulation.passed.v1',
      traceparent: expect.stringContaining(TRACE) as string,
      summary: '100.0% bots adapted, 2/2; 1 discriminating inputs and 3 at the boundary',
      reportDigest: digestOf(canonicalJson(report)),
      scenarios: [{ id: 'pm25-violation', policies: [POLICY], alert: `reading.pm25 > double(policy["${POLICY}"].limit)` }],
      dossier: { run: 184 },
    })
    expect(result).toMatchObject({
      load: {
        scenarios: [
          { scenario: 'pm25-violation', readings: 3, before: 1, after: 2, days: 3, regions: [{ region: '', before: 1, after: 2 }] },
        ],
        bots: [
          { bot: 'one', readings: 3, before: 1, after: 2 },
          { bot: 'two', readings: 3, before: 1, after: 2 },
        ],
        omitted: 0,
      },
    })
    expect(report).toMatchObject({
      impact: {
        scenarios: [{ newlyViolating: { count: 1, ids: ['virginia:2'] }, newlyCompliant: { count: 0 } }],
        fields: [{ policy: POLICY, field: 'limit', from: 35, to: 25, inputs: 6, scenarios: ['pm25-violation'] }],
      },
    })
    expect(shown).toMatchObject({ run: 184, attempt: 1, state: 'passed', skipped: [], score: { adapted: 2 } })
    expect(await given.pending()).toEqual([])
  })

  it('fails and names a bot that keeps the old limit', async () => {
    const given = await open()
    await given.addBots({ broken: THROWS, stale: HARD_CODED })
    await given.addEvidence()
    expect(await resultOf(given)).toMatchObject({
      type: 'hms.simulation.failed.v1',
      reason: 'BELOW_THRESHOLD',
      detail: expect.stringContaining('1 STALE: stale') as string,
      next: ['hms-svc bots add FILE --id stale'],
    })
    expect(await given.show()).toMatchObject({ state: 'failed', report: { bots: [{ message: 'Error: \0 35' }, { class: 'STALE' }] } })
  })

  it('fails because of one critical bot', async () => {
    const given = await open()
    await given.addBots(Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`bot-${index}`, ADAPTS])))
    await given.addBots({ stale: HARD_CODED }, true)
    await given.addEvidence()
    expect(await resultOf(given)).toMatchObject({ type: 'hms.simulation.failed.v1', reason: 'CRITICAL_BOT' })
  })

  it('passes in dev, and pauses in production, when no input distinguishes it from the old version', async () => {
    const given = await open()
    await given.addBots({ one: ADAPTS })
    await given.addEvidence()
    const same = () => dossierOf(['2.0.1', 25], ['2.0.0', 25])
    expect(await resultOf(given, same())).toMatchObject({
      type: 'hms.simulation.passed.v1',
      summary: expect.stringMatching(/^NO_EVIDENCE: no discriminating input; /) as string,
    })
    await given.stop()
    const strict = await open({ profile: 'production' })
    await strict.addBots({ one: ADAPTS })
    await strict.addEvidence()
    expect(await resultOf(strict, same())).toMatchObject({ type: 'hms.simulation.paused.v1', reason: 'NO_DISCRIMINATING_INPUT' })
  })
})

describe('a scenario that cannot read the new document', () => {
  const GUARDED = SCENARIO.replace('.limit)', '.ceiling)')

  it('pauses the run in production even if all bots adapt, and is reported in dev', async () => {
    for (const [profile, type] of [
      ['production', 'hms.simulation.paused.v1'],
      ['dev', 'hms.simulation.passed.v1'],
    ] as const) {
      const given = await open({ profile })
      await given.addBots({ one: ADAPTS })
      await given.addEvidence()
      await given.scenarios.add({ file: 'ceiling.yaml', source: GUARDED.replace('pm25-violation', 'ceiling') })
      const result = await resultOf(given, dossierOf(['2.0.0', 25], ['1.5.0', 35], { liveFields: { ceiling: 80 } }))
      const skipped = /; skipped: ceiling \(INCOMPATIBLE: under the new policies it has an answer for no reading \(.+\)\)$/
      const why = expect.stringMatching(skipped) as string
      const next = ['hms-svc scenarios add FILE']
      expect(result).toMatchObject({ type, ...(profile === 'dev' ? { summary: why } : { detail: why, reason: 'INCOMPATIBLE', next }) })
      await given.stop()
    }
  })
})

describe('a bundle', () => {
  const OZONE = 'ozone-limit'
  const both = `export const policies = ['${POLICY}', '${OZONE}']
export default (reading, getPolicy) =>
  reading.pm25 > getPolicy('${POLICY}').limit && reading.o3 > getPolicy('${OZONE}').limit ? { alert: 'Both', value: reading.pm25 } : null`
  const alone = both.replace(`getPolicy('${OZONE}').limit`, '60')

  it('is replayed with all its policies together, so readings that flip only under both count', async () => {
    const given = await open()
    await given.addBots({ both, alone })
    const alert = `reading.pm25 > policy["${POLICY}"].limit && reading.o3 > policy["${OZONE}"].limit`
    const source = `id: both\npolicies: [${POLICY}, ${OZONE}]\ncorpus: mixed\nalert: ${alert}\n`
    await given.scenarios.add({ file: 'both.yaml', source })
    // Reading b flips only if both limits are lowered, reading c whatever the ozone limit is.
    await given.corpora.add({ id: 'mixed', format: 'csv', content: 'id,pm25,o3\na,40,70\nb,30,50\nc,30,70\nd,30,10\n' })
    const bundle = bundleOf(await TIGHTENED(), await dossierOf(['2.0.0', 40], ['1.0.0', 60], { policy: OZONE }))
    expect(await resultOf(given, Promise.resolve(bundle))).toMatchObject({
      type: 'hms.simulation.failed.v1',
      detail: expect.stringContaining('1 STALE: alone; 2 discriminating inputs') as string,
    })
    expect(await given.show()).toMatchObject({
      report: {
        impact: {
          scenarios: [{ policies: [POLICY, OZONE], newlyViolating: { count: 2, ids: ['b', 'c'] } }],
          fields: [
            { policy: POLICY, field: 'limit', inputs: expect.any(Number) as number },
            { policy: OZONE, field: 'limit', inputs: expect.any(Number) as number },
          ],
        },
      },
    })
  })
})

describe('a policy in force that the run does not change', () => {
  const OZONE = 'ozone-limit'
  const BOT = `export const policies = ['${POLICY}', '${OZONE}']
export default (reading, getPolicy) =>
  reading.pm25 > getPolicy('${POLICY}').limit && getPolicy('${OZONE}').limit < 65 ? { alert: 'Both', value: reading.pm25 } : null`
  const READS_BOTH = `id: both\npolicies: [${POLICY}, ${OZONE}]\ncorpus: virginia
alert: reading.pm25 > policy["${POLICY}"].limit && policy["${OZONE}"].limit < 65\n`

  async function withBoth(document: (given: Harness) => Promise<ConfigDocument>): Promise<Harness> {
    const given = await open({ profile: 'production' })
    await given.recorded(await document(given))
    await given.addBots({ both: BOT })
    await given.addEvidence()
    await given.scenarios.add({ file: 'both.yaml', source: READS_BOTH })
    return given
  }

  it('is used by bots and scenarios that read it; the canary gets its values, the report its version', async () => {
    const given = await withBoth(({ identity }) => recordedHead(identity, OZONE, ['1.0.0', 60]))
    expect(await resultOf(given)).toMatchObject({
      type: 'hms.simulation.passed.v1',
      summary: '100.0% bots adapted, 1/1; 2 discriminating inputs and 6 at the boundary',
      scenarios: [{ id: 'both', beside: { [OZONE]: { limit: 60 } } }, { id: 'pm25-violation' }],
    })
    const digest = digestOf(canonicalJson({ id: OZONE, version: '1.0.0', effective: '2025-01-01T00:00:00Z', limit: 60 }))
    expect(await given.show()).toMatchObject({ report: { beside: [{ policy: OZONE, version: '1.0.0', digest }] } })
  })

  it('is the earlier version until the held one takes effect', async () => {
    const held = { next: ['2.0.0', 70], at: '2026-01-01T00:00:10Z' } as const
    const given = await withBoth(({ identity }) => recordedHead(identity, OZONE, ['1.0.0', 60], held))
    expect(await resultOf(given)).toMatchObject({ scenarios: [{ beside: { [OZONE]: { limit: 60 } } }, {}] })
    await given.advance(10)
    await given.linted(await dossierOf(['2.0.0', 25], ['1.5.0', 35], { run: 185 }))
    await given.settle()
    expect(await given.show(185)).toMatchObject({ report: { beside: [{ version: '2.0.0' }] } })
  })

  it('does not exist while it has only a canary, or after it was withdrawn', async () => {
    const given = await withBoth(({ identity }) => recordedHead(identity, OZONE, ['1.0.0', 60], { head: { scope: 'region:NCR' } }))
    const detail = expect.stringContaining(`skipped: both (${OZONE} neither in this run nor in force)`) as string
    expect(await resultOf(given)).toMatchObject({ type: 'hms.simulation.failed.v1', detail })
    for (const current of [['1.0.0', 60], null] as const) await given.recorded(await recordedHead(given.identity, OZONE, current))
    await given.linted(await dossierOf(['2.0.0', 25], ['1.5.0', 35], { run: 185 }))
    await given.settle()
    expect((await given.results())[1]).toMatchObject({ type: 'hms.simulation.failed.v1', detail })
  })

  it('fails the run with the reason when it does not verify', async () => {
    const given = await withBoth(async ({ identity }) => {
      const [real, other] = [await recordedHead(identity, OZONE, ['1.0.0', 60]), await recordedHead(identity, OZONE, ['1.0.0', 10])]
      return { ...real, release: other.release }
    })
    expect(await resultOf(given)).toMatchObject({
      type: 'hms.simulation.failed.v1',
      reason: 'REPLAY_FAILED',
      detail: expect.stringMatching(
        /^what config-store recorded as ozone-limit in force does not verify: .+ \(HMS_HEAD_RELEASE_OTHER\)$/,
      ) as string,
    })
    await given.recorded({ ...(await recordedHead(given.identity, 'so2-limit', ['1.0.0', 60])), id: OZONE })
    await given.linted(await dossierOf(['2.0.0', 25], ['1.5.0', 35], { run: 185 }))
    await given.settle()
    expect((await given.results())[1]).toMatchObject({ detail: expect.stringContaining('the head of another policy or scope') as string })
  })

  it('pauses the run when the values that a scenario reads do not fit into an event', async () => {
    const given = await withBoth(async ({ identity }) => recordedHead(identity, OZONE, ['1.0.0', 60]))
    const large = READS_BOTH.replace('id: both', 'id: whole').replace(/alert: .*/, `alert: policy.size() > 0`)
    await given.scenarios.add({ file: 'whole.yaml', source: large })
    const note = 'x'.repeat(SCENARIO_RULES_MAX_BYTES)
    await given.recorded(await recordedHead(given.identity, OZONE, ['1.0.0', 60], { note }))
    expect(await resultOf(given)).toMatchObject({
      type: 'hms.simulation.paused.v1',
      reason: 'INCOMPATIBLE',
      detail: expect.stringMatching(/; skipped: whole \(it reads more of ozone-limit than the events of a run can carry\)$/) as string,
    })
  })
})

describe('a run with too little evidence', () => {
  it('passes in dev with NO_EVIDENCE in its summary', async () => {
    const given = await open()
    expect(await resultOf(given)).toMatchObject({ summary: 'NO_EVIDENCE: no bots registered', reportDigest: null, scenarios: [] })
  })

  it('names the missing scenario or corpus', async () => {
    const given = await open()
    await given.addBots({ one: ADAPTS })
    expect(await resultOf(given)).toMatchObject({ summary: 'NO_EVIDENCE: no scenario for this policy' })
    await given.scenarios.add({ file: 'pm25.yaml', source: SCENARIO })
    await given.linted(await dossierOf(['2.0.0', 25], ['1.5.0', 35], { run: 185 }))
    await given.settle()
    const summary = 'NO_EVIDENCE: no corpus virginia registered'
    expect((await given.results())[1]).toMatchObject({ summary, scenarios: [{ id: 'pm25-violation' }] })
  })

  it('pauses in production', async () => {
    const given = await open({ profile: 'production' })
    await given.addBots({ one: ADAPTS })
    await given.scenarios.add({ file: 'pm25.yaml', source: SCENARIO })
    expect(await resultOf(given)).toMatchObject({
      type: 'hms.simulation.paused.v1',
      reason: 'NO_EVIDENCE',
      next: ['hms-svc corpora add FILE --id virginia'],
    })
    expect(await given.show()).toMatchObject({ state: 'paused' })
  })

  it('reports a skipped scenario that names a policy neither in the run nor in force', async () => {
    const given = await open()
    await given.addBots({ one: ADAPTS })
    await given.addEvidence()
    const source = SCENARIO.replace('pm25-violation', 'both').replace(`[${POLICY}]`, `[${POLICY}, ozone-limit]`)
    await given.scenarios.add({ file: 'both.yaml', source })
    expect(await resultOf(given)).toMatchObject({
      type: 'hms.simulation.passed.v1',
      summary: expect.stringMatching(/; skipped: both \(ozone-limit neither in this run nor in force\)$/) as string,
    })
  })
})

describe('a first version', () => {
  it('passes when no bot crashes', async () => {
    const given = await open()
    await given.addBots({ one: ADAPTS })
    await given.addEvidence()
    expect(await resultOf(given, dossierOf(['1.0.0', 35], null))).toMatchObject({ summary: 'first version, 1/1 bots ran without a crash' })
  })

  it('fails when a bot crashes, and is reported as a first version even without bots', async () => {
    const given = await open()
    expect(await resultOf(given, dossierOf(['1.0.0', 35], null))).toMatchObject({
      summary: 'NO_EVIDENCE: no bots registered; first version',
    })
    await given.addBots({ broken: THROWS })
    await given.addEvidence()
    await given.linted(await dossierOf(['1.0.0', 35], null, { run: 185 }))
    await given.settle()
    expect((await given.results())[1]).toMatchObject({ reason: 'BOT_CRASHED', next: ['hms-svc bots add FILE --id broken'] })
  })
})

describe('a replay that takes long', () => {
  async function held() {
    const runner = new HeldRunner()
    const given = await open({ runner })
    await given.addBots({ one: ADAPTS })
    await given.addEvidence()
    await given.linted(await TIGHTENED())
    await given.breathe()
    expect(await given.pending()).toHaveLength(2)
    return { runner, given }
  }

  it('reports its progress while it runs in this process', async () => {
    const { runner, given } = await held()
    expect(await given.show()).toMatchObject({ state: 'waiting', progress: null })
    runner.progress!({ done: 3, total: 64 })
    expect(await given.show()).toMatchObject({ progress: { done: 3, total: 64 } })
    await given.advance(601)
    expect(await given.show()).toMatchObject({ state: 'failed', progress: null })
  })

  it('delays no deadline, also of nine runs whose replays wait', async () => {
    const { runner, given } = await held()
    for (let run = 185; run < 193; run++) await given.linted({ ...(await TIGHTENED()), run })
    await given.advance(601)
    expect(await given.results()).toMatchObject(Array.from({ length: 9 }, () => ({ reason: 'DEADLINE' })))
    expect(runner.signals).toHaveLength(9)
    expect(await given.pending()).toEqual([])
  })

  it('waits as a row beyond sixteen', async () => {
    const { runner, given } = await held()
    for (let run = 185; run < 201; run++) await given.linted({ ...(await TIGHTENED()), run })
    await given.breathe()
    expect(runner.signals).toHaveLength(16)
    await given.aborted(184)
    await given.advance(40)
    expect(runner.signals).toHaveLength(17)
  })

  it('fails its run at the deadline and frees the worker', async () => {
    const { runner, given } = await held()
    await given.advance(601)
    const detail = 'the replay did not end within 10m'
    expect(await given.results()).toMatchObject([{ type: 'hms.simulation.failed.v1', reason: 'DEADLINE', detail }])
    expect(runner.signals[0]?.aborted).toBe(true)
    expect(await given.pending()).toEqual([])
  })

  it('ends without an event when people abort the run', async () => {
    const { runner, given } = await held()
    await given.aborted(184)
    await given.settle()
    expect(runner.signals[0]?.aborted).toBe(true)
    expect([await given.results(), await given.pending()]).toEqual([[], []])
    expect(await given.show()).toMatchObject({ state: 'aborted' })
  })

  it('is replaced by a newer attempt, and never by an older one', async () => {
    const { runner, given } = await held()
    await given.linted(await dossierOf(['2.0.0', 25], ['1.5.0', 35], { attempt: 2 }))
    await given.linted(await TIGHTENED())
    await given.breathe()
    expect(runner.signals.map((signal) => signal.aborted)).toEqual([true, false])
    expect(await given.pending()).toEqual(['simulate-replay:184:2', 'simulate-deadline:184:2'])
    await given.aborted(184, 1)
    expect(await given.show()).toMatchObject({ attempt: 2, state: 'waiting' })
  })
})

describe('decisions and verdicts arrive on different topics', () => {
  it('so an abort may arrive first, and applies only to its attempt', async () => {
    const given = await open()
    await given.aborted(184)
    await given.linted(await TIGHTENED())
    await given.settle()
    expect([await given.results(), await given.pending()]).toEqual([[], []])
    await expect(given.show()).rejects.toMatchObject({ code: 'HMS_SIMULATION_NOT_FOUND' })
    await given.linted(await dossierOf(['2.0.0', 25], ['1.5.0', 35], { attempt: 2 }))
    await given.settle()
    expect(await given.results()).toMatchObject([{ type: 'hms.simulation.passed.v1', attempt: 2 }])
  })
})

describe('a replay that gives no report', () => {
  const failing = (error: ReplayError): ReplayRunner => ({ replay: () => Promise.reject(error), close: async () => {} })

  it.each([
    ['HMS_REPLAY_DEADLINE', true, 'DEADLINE'],
    ['HMS_REPLAY_FAILED', false, 'REPLAY_FAILED'],
  ] as const)('fails its run at once (%s)', async (code, retryable, reason) => {
    const given = await open({ runner: failing(new ReplayError(code, 'given up in bot one', retryable)) })
    await given.addBots({ one: ADAPTS })
    await given.addEvidence()
    expect(await resultOf(given)).toMatchObject({ type: 'hms.simulation.failed.v1', reason, detail: 'given up in bot one' })
  })

  it('is retried when the worker was lost', async () => {
    const given = await open({ runner: failing(new ReplayError('HMS_REPLAY_WORKER_LOST', 'lost', true)) })
    await given.addBots({ one: ADAPTS })
    await given.addEvidence()
    expect(await resultOf(given)).toBeUndefined()
    expect(await given.pending()).toHaveLength(2)
  })
})
