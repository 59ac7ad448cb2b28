import { describe, expect, it } from 'vitest'
import { Metrics, type Logger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { BacklogMonitor, type Vitals } from './backlog-monitor.js'

const WELL: Vitals = { outboxPending: 0, outboxOldestMs: 0, timersOverdueMs: 0, parked: 0, parkedOldestMs: 0, letters: [] }

function looked(): {
  signs: BacklogMonitor
  said: string[]
  metrics: Metrics
  clock: VirtualClock
  is(vitals: Partial<Vitals> | Error): Promise<void>
} {
  const said: string[] = []
  const say = (level: string) => (fields: object, text: string) =>
    void said.push(`${level} ${text} ${(fields as { alarm?: string }).alarm ?? ''}`.trim())
  const log = { debug: () => {}, info: () => {}, warn: say('warn'), error: say('error'), child: () => log } as unknown as Logger
  let now: Vitals | Error = WELL
  const metrics = new Metrics()
  const read = async (): Promise<Vitals> => {
    if (now instanceof Error) throw now
    return now
  }
  const clock = new VirtualClock()
  const signs = new BacklogMonitor('linter', read, clock, log, metrics)
  return {
    signs,
    said,
    metrics,
    clock,
    is: (vitals) => ((now = vitals instanceof Error ? vitals : { ...WELL, ...vitals }), signs.refresh()),
  }
}

describe('BacklogMonitor', () => {
  it('logs an alarm once when it begins and once when it ends', async () => {
    const { said, is } = looked()
    await is({ parked: 1, parkedOldestMs: 29_000 })
    expect(said).toEqual([])
    await is({ parked: 1, parkedOldestMs: 31_000 })
    await is({ parked: 1, parkedOldestMs: 41_000, outboxPending: 3, outboxOldestMs: 31_000 })
    expect(said).toEqual(['error alarm gap_detected', 'error alarm outbox_stalled'])
    await is({})
    expect(said.slice(2)).toEqual(['warn alarm over gap_detected', 'warn alarm over outbox_stalled'])
  })

  it('sets the gauges, and to 0 for a topic that has no open letter any more', async () => {
    const { metrics, is } = looked()
    const letters = async () => (await metrics.deadLettersWaiting.get()).values.map(({ labels, value }) => [labels.topic, value])
    await is({ outboxPending: 7, letters: [{ topic: 'hms.approval.v1', count: 2, oldestMs: 5_000 }] })
    expect((await metrics.outboxPending.get()).values).toMatchObject([{ labels: { service: 'linter' }, value: 7 }])
    expect(await letters()).toContainEqual(['hms.approval.v1', 2])
    await is({})
    expect(await letters()).toContainEqual(['hms.approval.v1', 0])
  })

  it('counts 0 dead letters of each topic that the service consumes, before there is any', async () => {
    const { metrics, is } = looked()
    await is({})
    const { values } = await metrics.deadLettersWaiting.get()
    expect(values.map(({ labels }) => labels.topic)).toContain('hms.approval.v1')
    expect(new Set(values.map(({ value, labels }) => `${labels.group} ${value}`))).toEqual(new Set(['linter 0']))
  })

  it('keeps the gauges while the database does not respond', async () => {
    const { metrics, said, is } = looked()
    await is({ outboxPending: 7 })
    await is(new Error('down'))
    expect((await metrics.outboxPending.get()).values).toMatchObject([{ value: 7 }])
    expect(said).toEqual([])
  })

  it('reports how long the database has not responded, and raises an alarm after 30 s', async () => {
    const { metrics, said, clock, is } = looked()
    const silent = async () => (await metrics.gauge('database_silent_seconds', '').get()).values.map(({ value }) => value)
    await is({})
    expect(await silent()).toEqual([0])
    clock.advanceTo(clock.elapsedMs() + 20_000)
    await is(new Error('down'))
    expect([await silent(), said]).toEqual([[20], []])
    clock.advanceTo(clock.elapsedMs() + 11_000)
    await is(new Error('down'))
    expect([await silent(), said]).toEqual([[31], ['error alarm database_silent']])
    await is({})
    expect([await silent(), said.slice(1)]).toEqual([[0], ['warn alarm over database_silent']])
  })
})
