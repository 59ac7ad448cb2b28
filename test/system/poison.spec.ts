import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  dataFolderPassphrase,
  followRun,
  KeyFolder,
  loadIdentity,
  prepareApproval,
  signApproval,
  statement,
  submitApproval,
} from '#libs/client'
import { HmsError, type AuditEntry, type DeadLetterSummary, type RunView } from '#libs/contracts'
import type { Signer } from '#libs/signing'
import { describeKafka } from '../kafka/kafka.config.js'
import { deep } from '../support/deep.config.js'
import { DistributedSystem } from '../support/distributed-system.js'
import { LooseApi } from '../support/loose-api.js'
import { Poisoner, type Poison } from '../support/poisoner.js'
import { hms, until } from '../support/processes.js'

/** Calm and poisoned rounds take turns, so that a machine that grows slower or quicker meanwhile does so for both. */
const ROUNDS = deep ? 3 : 1
const RUNS_OF_A_ROUND = deep ? 12 : 6
const POISON_EVERY_MS = 100
const AT_ONCE = 4

describeKafka('poison on real Kafka', () => {
  let system: DistributedSystem
  let poisoner: Poisoner
  let api: LooseApi
  let chief: Signer

  beforeAll(async () => {
    system = await DistributedSystem.start()
    const dataDir = system.env['HMS_DATA_DIR']!
    poisoner = await Poisoner.open(system.broker.brokers, dataDir)
    const identity = await loadIdentity(dataDir)
    const operator = { signer: identity.operatorSigner(), audience: identity.roster.installation }
    api = new LooseApi({ url: system.url, timeoutMs: 20_000, authorize: statement(async () => operator) })
    const keys = join(dataDir, 'keys')
    chief = await new KeyFolder(keys).open('EPA Chief', (await dataFolderPassphrase(keys))!)
    expect((await follow(await approve('warm-up', 1))).state).toBe('SUCCEEDED')
  }, 240_000)

  afterAll(async () => {
    await poisoner?.close()
    await system?.stop()
  })

  it('blocks no other record: each one ends as a letter with its code, and every policy continues', async () => {
    const rubbish = { topic: 'hms.approval.v1', key: 'warm-up' }
    const major = { topic: 'hms.lint.v1', type: 'hms.lint.passed.v2', key: 'poison-major', producer: 'linter', data: {} } as const
    const cases: [string, string, Poison][] = [
      ['bad JSON', 'linter waiting HMS_EVENT_UNREADABLE 0', { ...rubbish, value: '{"a":' }],
      ['NUL in key and value', 'linter waiting HMS_EVENT_UNREADABLE 1', { ...rubbish, key: 'warm\0up', value: '{"a\0' }],
      ['bytes that are no text', 'linter waiting HMS_EVENT_UNREADABLE 2', { ...rubbish, value: Buffer.from([0xff, 0xfe, 0]) }],
      ['2 MiB', 'linter waiting HMS_EVENT_UNREADABLE 3', { ...rubbish, value: 'x'.repeat(2 * 1024 * 1024) }],
      ['null', 'linter waiting HMS_EVENT_UNREADABLE 4', { ...rubbish, value: null }],
      [
        'a header of bytes, no key',
        'linter waiting HMS_EVENT_UNREADABLE 5',
        { ...rubbish, key: null, value: '[', headers: { a: Buffer.from([0xc3, 0x28]) } },
      ],
      ['2 MiB of JSON', 'linter ignored HMS_EVENT_PRODUCER 6', { ...rubbish, value: JSON.stringify('x'.repeat(2 * 1024 * 1024)) }],
      [
        'another service signing',
        'linter ignored HMS_SIGNATURE_UNKNOWN_KEY 7',
        await poisoner.forge({
          topic: 'hms.approval.v1',
          type: 'hms.approval.approved.v1',
          key: 'warm-up',
          producer: 'approver',
          signedBy: 'linter',
          data: {},
        }),
      ],
      [
        'no producer of the topic',
        'linter ignored HMS_EVENT_PRODUCER 8',
        await poisoner.forge({
          topic: 'hms.approval.v1',
          type: 'hms.approval.approved.v1',
          key: 'warm-up',
          producer: 'notifier',
          data: {},
        }),
      ],
      ['a major of tomorrow', 'simulator waiting HMS_EVENT_MAJOR_UNKNOWN 9', await poisoner.forge(major)],
    ]
    for (const [index, [, , poison]] of cases.entries())
      await poisoner.send({ ...poison, headers: { ...poison.headers, mark: String(index) } })
    const views = async (): Promise<string[]> => {
      const letters = await list('--all')
      const marks = await Promise.all(
        letters.map((letter) => api.get<{ headers: Record<string, string> }>(`/v1/dead-letters/${letter.service}/${letter.id}`)),
      )
      return letters.map(({ service, state, code }, index) => `${service} ${state} ${code} ${marks[index]!.headers['mark']}`)
    }
    const wanted = cases.map(([, seen]) => seen)
    await until(
      'every record is a letter',
      async () => (await views()).filter((seen) => /^(linter|simulator) /.test(seen)).length >= cases.length,
    )
    const seen = await views()
    for (const [index, [what]] of cases.entries()) expect(seen, what).toContain(wanted[index])
    expect(await follow(await approve('warm-up', 2))).toMatchObject({ state: 'SUCCEEDED' })
    expect(await follow(await approve('another', 1))).toMatchObject({ state: 'SUCCEEDED' })
    const copies = await poisoner.read(
      'hms.dlq.linter.v1',
      (() => {
        let copied = 0
        return () => ++copied === 9
      })(),
    )
    expect(copies.find(({ headers }) => headers['mark'] === '3')).toMatchObject({ key: 'warm-up', value: 'x'.repeat(2 * 1024 * 1024) })
    expect(copies.find(({ headers }) => headers['mark'] === '0')!.headers).toMatchObject({
      'hms-dlq-code': 'HMS_EVENT_UNREADABLE',
      'hms-dlq-topic': 'hms.approval.v1',
      ce_type: 'hms.event.given-up.v1',
    })
  }, 120_000)

  it('that is signed and breaks the handler fails its run with that reason; people end the letter', async () => {
    const run = await approve('broken', 1, 60_000)
    await until(`run ${run} is in CANARY`, async () => (await show(run)).state === 'CANARY')
    const bystander = await approve('bystander', 1)
    // It fits its schema, and no table of PostgreSQL can hold it: NUL.
    const plan = { share: 500, scope: 'region:NCR', scopeName: '\0', observeMs: 0, bakeMs: 0, partners: null }
    const data = { dossier: { run: 1_000_000, attempt: 1, releases: [], live: {}, used: {}, plan, proofs: [] }, findings: [] }
    await poisoner.send(
      await poisoner.forge({ topic: 'hms.lint.v1', type: 'hms.lint.passed.v1', key: 'poison-bug', producer: 'linter', run, data }),
    )
    const watched = await hms(['runs', 'watch', String(run), '--json', '--timeout', '60s'], system.env)
    expect(watched.code).toBe(6)
    expect(JSON.parse(watched.stdout)).toMatchObject({ state: 'FAILED', reason: 'POISONED' })
    expect(await follow(bystander)).toMatchObject({ state: 'SUCCEEDED' })
    const letter = (await list('--service', 'simulator')).find((candidate) => candidate.run === run)!
    expect(letter).toMatchObject({ code: 'HMS_EVENT_HANDLER_FAILED', tries: 3, key: 'poison-bug' })
    const shown = await hms(['dlq', 'show', letter.id], system.env)
    expect(shown.stdout).toContain(`run      #${run}`)
    const replayed = await hms(['dlq', 'replay', `simulator/${letter.id}`], system.env)
    expect(replayed).toMatchObject({ code: 6, stdout: '' })
    expect(replayed.stderr).toMatch(/HMS_DEAD_LETTER_FAILED/)
    const discarded = await hms(['dlq', 'discard', letter.id, '--reason', 'a drill', '--json'], system.env)
    expect(discarded.code).toBe(0)
    expect(JSON.parse(discarded.stdout)).toMatchObject([{ id: letter.id, state: 'discarded', tries: 4, closed: { reason: 'a drill' } }])
    expect(await hms(['dlq', 'replay', letter.id], system.env)).toMatchObject({ code: 5 })
    expect(await follow(await approve('broken', 2))).toMatchObject({ state: 'SUCCEEDED' })
  }, 180_000)

  it('in a stream beside the work: how long the linter takes for other records is printed', async () => {
    const calm: number[] = []
    const poisoned: number[] = []
    let rubbish = 0
    for (let round = 0; round < ROUNDS; round++) {
      calm.push(...(await lintTimes(`calm-${round}`)))
      const stops = ['hms.approval.v1', 'hms.lint.v1'].map((topic) => poisoner.flood(topic, POISON_EVERY_MS))
      const stop = (): Promise<number[]> => Promise.all(stops.map((each) => each()))
      poisoned.push(...(await lintTimes(`poisoned-${round}`).finally(stop)))
      rubbish += (await stop()).reduce((sum, sent) => sum + sent, 0)
    }
    expect(rubbish).toBeGreaterThan(20)
    const text = `without poison ${figures(calm)}; beside ${rubbish} records of it ${figures(poisoned)}`
    process.stderr.write(`approved → linted, ${ROUNDS * RUNS_OF_A_ROUND} runs each: ${text}\n`)
  }, 400_000)

  /** All runs succeed; answers with what audit recorded of each: the time from approver's commit to the linter's. */
  async function lintTimes(name: string): Promise<number[]> {
    const waiting = Array.from({ length: RUNS_OF_A_ROUND }, (_, index) => `${name}-${index}`)
    const runs: number[] = []
    const official = async (): Promise<void> => {
      for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
        const run = await approve(id, 1)
        expect(await follow(run)).toMatchObject({ state: 'SUCCEEDED' })
        runs.push(run)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, official))
    return Promise.all(runs.map(lintMs))
  }

  async function lintMs(run: number): Promise<number> {
    const at = new Map<string, number>()
    await until(`audit has run ${run}`, async () => {
      for (const { type, at: time } of await patiently(() => api.get<AuditEntry[]>('/v1/audit/entries', { run })))
        at.set(type, Date.parse(time))
      // They lie on two topics, so audit may have the later one first.
      return at.has('hms.lint.passed.v1') && at.has('hms.approval.approved.v1')
    })
    return at.get('hms.lint.passed.v1')! - at.get('hms.approval.approved.v1')!
  }

  async function approve(id: string, minor: number, observeMs = 0): Promise<number> {
    const policy = { id, version: `1.${minor}.0`, effective: '2024-09-01T00:00:00Z', limit: 10 + minor }
    const prepared = await patiently(() => prepareApproval(api, [policy], { observeMs, bakeMs: 0 }))
    const signatures = await signApproval(prepared, chief)
    return (await patiently(() => submitApproval(api, prepared, signatures))).run!
  }

  function follow(run: number): Promise<RunView> {
    return patiently(() => followRun(api, run, { timeoutMs: 150_000 }))
  }

  function show(run: number): Promise<RunView> {
    return patiently(() => api.get<RunView>(`/v1/runs/${run}`))
  }

  async function list(...flags: string[]): Promise<DeadLetterSummary[]> {
    return JSON.parse((await hms(['dlq', 'list', '--json', ...flags], system.env)).stdout) as DeadLetterSummary[]
  }
})

/** Asks again where the answer is to come again, as any caller does: a machine under load may not get a connection in its 5 s. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  const answers: T[] = []
  await until('the service answers', async () => {
    try {
      answers.push(await call())
    } catch (error) {
      if (!(error instanceof HmsError && error.retryable)) throw error
    }
    return answers.length > 0
  })
  return answers[0]!
}

function figures(times: number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
  return `p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms`
}
