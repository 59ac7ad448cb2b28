import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GIVEN_UP, TOPIC_NAMES } from '#libs/contracts'
import { heartbeatHeaders, type BusRecord } from '#libs/messaging'
import { MemoryBus } from '#libs/messaging/testing'
import { docsDocument, uuidv7 } from '#libs/platform'
import { AsyncConsumer, type AsyncApiDocument } from '../support/documents/async-consumer.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }
const WATCHED = { share: 10_000, observeMs: 600_000, bakeMs: 600_000 }
const WHY = 'WORDS_OF_A_PERSON'
const STRANGER = 'of-a-stranger'
const PARTNER = 'A name that somebody wrote'

let system: MemorySystem
let records: BusRecord[]
/** People act in every way that has a reason; then all that the log holds is read. */
beforeAll(async () => {
  const bus = new MemoryBus()
  system = await startMemorySystem({}, bus)
  const press = new PipelineDriver(system)
  await press.api.post('/v1/partners', {
    id: 'va-deq',
    name: PARTNER,
    groups: [],
    channels: [{ webhook: { url: 'http://127.0.0.1:9/hooks', secret: `whsec_${Buffer.alloc(24, 7).toString('base64')}` } }],
    networks: ['127.0.0.1/32'],
  })
  await press.freeze({ id: 'election-week', reason: WHY, scope: 'region:NCR' })
  await press.lift('election-week')
  await press.whenState(await press.approve(['pm25@1.0.0=35'], AT_ONCE, { reason: WHY }), 'SUCCEEDED')
  await press.whenState(await press.approve(['pm25@2.0.0=25'], AT_ONCE, { reason: WHY }), 'SUCCEEDED')
  const paused = await press.approve(['pm25@3.0.0=20'], WATCHED)
  await press.whenState(paused, 'CANARY')
  await press.decide(paused, 'pause', 'EPA Counsel', WHY)
  await press.decide(paused, 'resume', 'EPA Counsel', WHY)
  await press.decide(paused, 'abort', 'EPA Counsel', WHY)
  await press.breakGlass(['pm25@4.0.0=21'], ['EPA Chief', 'EPA Counsel'], { reason: WHY })
  await press.passes(60_000)
  await press.api.post('/v1/rollbacks', { policy: 'pm25', version: '2.0.0', reason: WHY })
  await press.signRollback('pm25', '1.0.0', 'EPA Counsel', WHY)
  await press.passes(60_000)
  await press.withdraw('pm25', 'EPA Counsel', WHY)
  await press.passes(60_000)
  // A record of a stranger, which each service that reads the topic gives up.
  const head = { id: uuidv7(system.clock.now()), source: '/hms-svc/linter', type: 'hms.lint.passed.v1', topic: 'hms.lint.v1', keySeq: 1 }
  await bus.publish([{ ...head, key: STRANGER, time: system.clock.now().toISOString(), value: '{' }])
  bus.announce()
  await press.passes(60_000)
  records = []
  for await (const record of bus.scan(TOPIC_NAMES, new Date(0))) {
    if (record.key !== STRANGER || record.topic.startsWith('hms.dlq.')) records.push(record)
  }
})
afterAll(() => system.stop())

const summaries = (): string[] => records.map(({ headers }) => headers['hms-summary'] ?? 'none')

describe('a consumer made from the AsyncAPI document', () => {
  const document = docsDocument<AsyncApiDocument>('asyncapi.json')
  const consumer = new AsyncConsumer(document)

  it('reads every record of these runs, tombstones included, and nothing else', () => {
    const read = records.map((record) => consumer.read(record))
    expect(read.flatMap(({ problem }) => problem ?? [])).toEqual([])
    expect(read.find(({ message }) => message === 'hms.run.changed.v1.record')!.data).toMatchObject({ view: { run: 1 } })
    expect([...new Set(read.map(({ message }) => message))]).toEqual(
      expect.arrayContaining(['tombstone', GIVEN_UP, 'hms.run.decision-applied.v1.record']),
    )
    const [first] = records
    expect(consumer.read({ ...first!, topic: 'hms.lint.v1' }).problem).toContain('hms.lint.v1')
    expect(consumer.read({ ...first!, value: '{"payload":1}' }).problem).toContain('must')
  })

  it('reads heartbeats and alerts that bots write themselves, and knows the streams to readers', () => {
    const heartbeat = { topic: 'hms.partner.v1', key: '~heartbeat', value: '2026-03-02T09:00:00.000Z', headers: heartbeatHeaders() }
    expect(consumer.read(heartbeat)).toEqual({ message: 'heartbeat', data: heartbeat.value })
    const alert = { id: 'a1', bot: 'inspector-7', region: 'NCR', kind: 'violation', reading: null, value: 30 }
    const raw = { topic: 'hms.bot.alert.v1', key: 'inspector-7', value: JSON.stringify(alert), headers: {} }
    expect(consumer.read(raw)).toEqual({ message: 'alert', data: alert })
    expect(Object.keys(document.channels)).toEqual(expect.arrayContaining([...TOPIC_NAMES, '/v1/stream', '/v1/events']))
  })
})

describe('a record of a topic', () => {
  it('reports in words what happened, with its run and versions', () => {
    expect(summaries()).toEqual(
      expect.arrayContaining([
        'run 1 pm25@1.0.0: approval approved, 1 signature',
        'run 2 pm25@2.0.0: canary passed',
        'run 2 pm25@2.0.0: run changed, SUCCEEDED',
        'election-week: freeze declared, region:NCR',
        'va-deq: partner registered',
        expect.stringMatching(/^simulator: gave up hms\.lint\.v1 0:\d+, HMS_EVENT_UNREADABLE$/),
      ]),
    )
    expect(summaries().filter((summary) => !/^[\x20-\x7e]{8,200}$/.test(summary))).toEqual([])
  })

  it('contains in its headers no text that a person wrote, and no name', () => {
    const headers = records.map((record) => JSON.stringify(record.headers))
    expect(headers.filter((text) => /WORDS_OF_A_PERSON|somebody wrote|EPA C/.test(text))).toEqual([])
    const payloads = records.map(({ value }) => /"payload":"([^"]*)"/.exec(value ?? '')?.[1] ?? '')
    const values = payloads.map((payload) => Buffer.from(payload, 'base64'))
    expect(values.filter((text) => text.includes(WHY)).length).toBeGreaterThan(8)
  })

  it('is part of a trace, by the name of CloudEvents and that of W3C', () => {
    const broken = records.filter(
      ({ headers }) =>
        !/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/.test(headers['traceparent'] ?? '') || headers['traceparent'] !== headers['ce_traceparent'],
    )
    expect(broken.map(({ headers }) => headers['ce_type'])).toEqual([])
    expect(records.length).toBeGreaterThan(60)
  })
})
