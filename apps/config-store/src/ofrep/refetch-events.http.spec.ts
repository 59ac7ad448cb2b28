import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OfrepBulk } from '#libs/contracts'
import { digestOfRelease, POLICY, startStore } from '../testing/store-harness.suite.js'

let harness: Awaited<ReturnType<typeof startStore>>
beforeEach(async () => {
  harness = await startStore()
})
afterEach(() => harness.stop())

interface Frame {
  id?: string
  retry?: string
  event?: string
  data?: { type: string; etag?: string }
}

async function follow(
  lastEventId?: string,
  path = '/ofrep/v1/events',
  base = harness.url,
): Promise<{ next: () => Promise<Frame>; cancel: () => Promise<void> }> {
  const response = await fetch(base + path, { headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId } })
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const next = async (): Promise<Frame> => {
    while (!text.includes('\n\n')) text += (await reader.read()).value ?? ''
    const [frame = '', ...rest] = text.split('\n\n')
    text = rest.join('\n\n')
    const fields = Object.fromEntries(frame.split('\n').map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]))
    return { ...fields, ...(fields['data'] === undefined ? {} : { data: JSON.parse(fields['data']) as Frame['data'] }) }
  }
  return { next, cancel: () => reader.cancel() }
}
const bulk = async (query: string): Promise<OfrepBulk> => {
  const body = JSON.stringify({ context: { targetingKey: 'a' } })
  const headers = { 'content-type': 'application/json' }
  return (await (await fetch(`${harness.url}/ofrep/v1/evaluate/flags${query}`, { method: 'POST', headers, body })).json()) as OfrepBulk
}
const advance = (ms: number): void => harness.clock.advanceTo(harness.clock.now().getTime() + ms)

describe('GET /ofrep/v1/events', () => {
  it('sends refetchEvaluation at once unless Last-Event-ID is the newest id, and then after each change, once it can be read', async () => {
    const events = await follow()
    const first = await events.next()
    expect([first.event, first.data]).toEqual(['message', { type: 'refetchEvaluation' }])
    await harness.stored(await harness.head())
    const { id, data } = await events.next()
    expect([id === first.id, data]).toEqual([false, { type: 'refetchEvaluation', etag: '1' }])
    expect((await bulk(`?flagConfigEtag=${data!.etag}`)).flags[0]!.variant).toBe('1.0.0')
    const resumed = await follow(id)
    expect(await resumed.next()).not.toHaveProperty('data')
    for (const other of [first.id, '1', undefined]) {
      const missed = await follow(other)
      expect((await missed.next()).id).toBe(id)
      await missed.cancel()
    }
    await Promise.all([events.cancel(), resumed.cancel()])
  })

  it('counts connected readers separately from bots', async () => {
    await harness.stored(await harness.head())
    const seen = async () => ((await (await fetch(`${harness.url}/v1/coverage?policy=${POLICY}`)).json()) as { seen: unknown }).seen
    const readers = [await follow(), await follow()]
    expect(await seen()).toEqual({ stream: 0, events: 0, ofrep: 2 })
    await readers[0]!.cancel()
    await expect.poll(seen).toEqual({ stream: 0, events: 0, ofrep: 1 })
    await readers[1]!.cancel()
  })

  it('sends no event for a renewed lease, and one when a lease expires', async () => {
    await harness.stored(await harness.head())
    const base = digestOfRelease('1.0.0')
    const canary = async (seq: number): Promise<void> => {
      const expires = new Date(harness.clock.now().getTime() + 120_000).toISOString()
      await harness.stored(await harness.head({ seq, scope: 'region:NCR', version: '2.0.0', share: 10_000, base, expires }))
    }
    await canary(1)
    const events = await follow()
    const { id } = await events.next()
    advance(40_000)
    await canary(2)
    advance(120_250)
    // Heartbeat comments come first, then the only event.
    let frame = await events.next()
    while (frame.data === undefined) frame = await events.next()
    expect([frame.data.type, Number(frame.id!.split('.')[1]) - Number(id!.split('.')[1])]).toEqual(['refetchEvaluation', 1])
    await events.cancel()
  })

  it('ends the stream at shutdown, with a retry time', async () => {
    const other = await startStore()
    const events = await follow(undefined, '/ofrep/v1/events', other.url)
    expect((await events.next()).data?.type).toBe('refetchEvaluation')
    await other.stop()
    expect(await events.next()).toEqual({ retry: '1000' })
  })

  it('counts its connections in a metric of their own, and not as bots in coverage', async () => {
    await harness.stored(await harness.head())
    const events = await follow()
    await events.next()
    expect(await (await fetch(`${harness.url}/metrics`)).text()).toMatch(/hms_svc_push_connections\{[^}]*transport="ofrep"[^}]*\} 1/)
    await events.cancel()
    expect(await (await fetch(`${harness.url}/v1/coverage?policy=${POLICY}`)).json()).toMatchObject({ total: 0 })
  })
})
