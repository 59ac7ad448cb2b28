import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryBus, MemoryOutboxStore, MemoryPositionStore } from '#libs/messaging/testing'
import { MemoryDatabase, MemoryTimerStore } from '#libs/persistence/testing'
import { Metrics, silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { signRequest } from '#libs/signing'
import { Host } from '#libs/service'
import { testIdentity } from '../../../test/support/identity.js'
import { MAX_SCENARIOS, SCENARIOS } from './scenarios/scenario.table.js'
import { ADAPTS, CORPUS, POLICY, SCENARIO } from './testing/dossier.fixture.js'

let harness: Awaited<ReturnType<typeof startSimulator>>
beforeEach(async () => {
  harness = await startSimulator()
})
afterEach(() => harness.stop())

describe('bots', () => {
  it('are inspected, listed without their source, and replaced by id', async () => {
    const added = await harness.post('bots', { id: 'inspector-7', source: ADAPTS })
    expect(added).toMatchObject({ status: 201, body: { policies: [POLICY], critical: false } })
    await harness.post('bots', { id: 'inspector-7', source: ADAPTS, critical: true })
    const { body } = await harness.get('bots')
    expect(body).toMatchObject([{ id: 'inspector-7', critical: true, digest: expect.stringMatching(/^sha256:/) as string }])
    expect(JSON.stringify(body)).not.toContain('export')
  })

  it.each([
    ['that do not load', 'export default 1', 422, 'HMS_BOT_INVALID'],
    ['that no column can hold', `${ADAPTS}//\0`, 400, 'HMS_HTTP_BODY_INVALID'],
    ['that declare what is no policy', ADAPTS.replace(`'${POLICY}'`, String.raw`'\0'`), 422, 'HMS_BOT_INVALID'],
    ['that are too large', ' '.repeat(256 * 1024 + 1), 413, 'HMS_SIMULATOR_LIMIT'],
  ])('%s are refused', async (_what, source, status, code) => {
    expect(await harness.post('bots', { id: 'a', source })).toMatchObject({ status, body: { code } })
  })

  it('require a signed request and an id without blanks', async () => {
    expect(await harness.post('bots', { id: 'a', source: ADAPTS }, false)).toMatchObject({ status: 401 })
    expect(await harness.post('bots', { id: 'a b', source: ADAPTS })).toMatchObject({ status: 400, body: { errors: [{ pointer: '/id' }] } })
  })
})

describe('scenarios', () => {
  it('are accepted before their corpus is registered', async () => {
    const added = await harness.post('scenarios', { file: 'a.yaml', source: SCENARIO })
    expect(added).toMatchObject({ status: 201, body: { id: 'pm25-violation', corpus: 'virginia' } })
  })

  it.each([
    ['findings', 'id: x\n'],
    ['an unknown name', SCENARIO.replace('reading.', 'reeding.')],
    ['a corpus that can never be registered', SCENARIO.replace('virginia', '"$(date)"')],
    ['a text that no column can hold', SCENARIO.replace(/alert: .*/, String.raw`alert: "reading.kind == '\0'"`)],
  ])('with %s are refused with their errors', async (_what, source) => {
    const answer = await harness.post('scenarios', { file: 'a.yaml', source })
    expect(answer).toMatchObject({ status: 422, body: { code: 'HMS_SCENARIO_INVALID' } })
    const { errors } = answer.body as { errors: { detail: string }[] }
    expect(errors.map(({ detail }) => detail)).toEqual(errors.map(() => expect.stringMatching(/^a\.yaml:/)))
  })

  it('are limited in number; at the limit, a registered id can still be replaced', async () => {
    await harness.database.transaction(async (tx) => {
      for (let n = 0; n < MAX_SCENARIOS; n++) {
        const scenario = { id: `scenario-${n}`, policies: [POLICY], corpus: 'c', alert: 'true' }
        await tx.documents(SCENARIOS).put({ scenario, addedAt: '' })
      }
    })
    const add = (source: string) => harness.post('scenarios', { file: 'a.yaml', source })
    expect(await add(SCENARIO)).toMatchObject({ status: 409, body: { code: 'HMS_SIMULATOR_LIMIT' } })
    expect(await add(SCENARIO.replace('pm25-violation', 'scenario-7'))).toMatchObject({ status: 201 })
  })
})

describe('corpora', () => {
  it('report the number of their readings, and may be larger than other bodies', async () => {
    const content = `id,note\na,${'x'.repeat(60_000)}\n`
    const rows = Array.from({ length: 100 }, (_, index) => content.split('\n')[1]!.replace('a', `row-${index}`))
    const corpus = { id: 'large', format: 'csv', content: ['id,note', ...rows].join('\n') }
    expect(await harness.post('corpora', corpus)).toMatchObject({ status: 201, body: { id: 'large', readings: 100 } })
    expect(await harness.post('scenarios', { file: 'a.yaml', source: corpus.content })).toMatchObject({ status: 413 })
  })

  it.each([
    ['columns that are not there', { content: CORPUS, map: { at: 'day' } }, 422, 'HMS_CORPUS_MAP'],
    ['a map that names no columns', { content: CORPUS, map: { at: 1 } }, 400, 'HMS_HTTP_BODY_INVALID'],
    [
      'a line nested beyond the stack',
      { format: 'jsonl', content: `{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}` },
      422,
      'HMS_CORPUS_ROW',
    ],
    ['a number without end', { format: 'jsonl', content: '{"pm25":1e400}' }, 422, 'HMS_CORPUS_ROW'],
    ['half a surrogate pair in a fact', { format: 'jsonl', content: String.raw`{"note":"\ud800"}` }, 422, 'HMS_CORPUS_ROW'],
    ['no rows', { content: '' }, 422, 'HMS_CORPUS_EMPTY'],
    ['bytes that no column can hold', { content: 'a\n\0\n' }, 400, 'HMS_HTTP_BODY_INVALID'],
  ])('with %s are refused', async (_what, given, status, code) => {
    expect(await harness.post('corpora', { id: 'a', format: 'csv', ...given })).toMatchObject({ status, body: { code } })
    expect(await harness.get('corpora')).toMatchObject({ body: [] })
  })
})

describe('simulations', () => {
  it('of unknown runs are not found', async () => {
    expect(await harness.get('simulations/7')).toMatchObject({ status: 404, body: { code: 'HMS_SIMULATION_NOT_FOUND' } })
  })
})

async function startSimulator() {
  const clock = new VirtualClock('2026-01-01T00:00:00Z')
  const [identity, database] = [await testIdentity(), new MemoryDatabase(clock)]
  const host = await Host.create(['simulator'], {
    profile: 'dev',
    environment: { HMS_SIMULATOR_RUNNER: 'inline' },
    clock,
    log: silentLogger,
    metrics: new Metrics(),
    roster: identity.roster,
    bus: new MemoryBus(),
    signerOf: async (service) => identity.serviceSigner(service),
    open: async () => ({
      database,
      stores: { outbox: new MemoryOutboxStore(), positions: new MemoryPositionStore(), timers: new MemoryTimerStore() },
      coordination: { leadership: { tryLead: async () => true }, notify: () => {}, onNotification: () => {}, close: async () => {} },
      ready: async () => ({ database: true, migrations: true }),
    }),
    configStoreUrls: [],
    version: '0.0.0-test',
  })
  const url = `http://127.0.0.1:${await host.start({ host: '127.0.0.1', port: 0 })}`
  const read = async (response: Response) => ({ status: response.status, body: (await response.json()) as unknown })
  return {
    database,
    get: async (path: string) => read(await fetch(`${url}/v1/${path}`)),
    post: async (path: string, body: object, signed = true) => {
      const bytes = Buffer.from(JSON.stringify(body))
      const request = { audience: identity.roster.installation, method: 'POST', path: `/v1/${path}`, body: bytes, at: clock.now() }
      const headers: Record<string, string> = { 'content-type': 'application/json' }
      if (signed) headers['authorization'] = await signRequest(identity.operator, request)
      return read(await fetch(`${url}${request.path}`, { method: 'POST', headers, body: bytes }))
    },
    stop: () => host.stop(),
  }
}
