import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { REVISION_HEADER, type ConfigDocument } from '#libs/contracts'
import { ManualClock } from '../../testing/manual-clock.js'
import { sampleDocument } from '../../testing/sample-document.js'
import { SAMPLE_ROSTER_BYTES } from '../../testing/sample-trust.js'
import { StreamServer } from '../../testing/stream-server.js'
import { openConnection } from '../connect.js'
import type { ReaderSession } from '../reader-session.js'

const ID = 'epa-pm25-limit'
const old = sampleDocument({ policy: { id: ID, version: '1.5.0', limit: 35 }, seq: 1, revision: 4 })
const strict = sampleDocument({ policy: { id: ID, version: '2.0.0', limit: 25 }, seq: 2, revision: 5 })
const NO_WEBSOCKET = { status: 403, problem: {} }

let server: StreamServer
let clock: ManualClock
let hms: ReaderSession | undefined
let requests: string[]
let respond: Record<string, (request: IncomingMessage, response: ServerResponse) => void>

beforeEach(() => {
  server = new StreamServer()
  clock = new ManualClock(Date.parse('2024-09-01T12:00:00Z'))
  requests = []
  respond = {}
  server.answer = (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://server')
    requests.push(`${pathname} ${searchParams.get('revision') ?? 'all'} ${request.headers[REVISION_HEADER] ?? 'any'}`)
    const answer = respond[pathname]
    if (answer === undefined) response.writeHead(404).end()
    else answer(request, response)
  }
})

afterEach(async () => {
  await hms?.close()
  await server.stop()
  hms = undefined
})

async function connected(): Promise<ReaderSession> {
  const url = await server.start()
  const opening = openConnection({ url, bot: 'inspector-7', roster: SAMPLE_ROSTER_BYTES, timeoutMs: 60_000 }, { clock, random: () => 0 })
  return (hms = await steps(opening))
}

/** Advances the clock in small steps until the promise settles, and lets socket messages arrive between the steps. */
async function steps<T>(happens: Promise<T>): Promise<T> {
  const end = { reached: false }
  const mark = (): void => void (end.reached = true)
  happens.then(mark, mark)
  while (!end.reached) {
    clock.advance(5)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return happens
}

function frame(type: string, revision: number, documents?: ConfigDocument[]): string {
  return JSON.stringify({ type, revision, ...(documents === undefined ? {} : { changes: [], documents }) })
}

/** Serves server-sent events with initial data; returns a function that sends more. */
function events(...first: string[]): (text: string) => void {
  const open: ServerResponse[] = []
  respond['/v1/events'] = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    for (const text of first) response.write(`data: ${text}\n\n`)
    open.push(response)
  }
  return (text) => open.at(-1)!.write(`data: ${text}\n\n`)
}

/** Serves these responses to polls in turn, repeating the last one; `undefined` is a 304. */
function polls(...responses: (string | undefined)[]): void {
  respond['/v1/snapshot'] = (request, response) => {
    const answer = responses.length > 1 ? responses.shift() : responses[0]
    if (answer === undefined) return void response.writeHead(304, { etag: request.headers['if-none-match'] }).end()
    response.writeHead(200, { 'content-type': 'application/json', etag: `"${(JSON.parse(answer) as { revision: number }).revision}"` })
    response.end(answer)
  }
}

const next = (event: 'change' | 'stale' | 'error' | 'ready') => new Promise((resolve) => hms!.on(event, resolve))

describe('a snapshot of more than 16 MiB', () => {
  const large = JSON.stringify({ type: 'snapshot', revision: 4, changes: [], documents: [old], padding: 'x'.repeat(17 * 1024 * 1024) })

  it('is accepted over the stream', async () => {
    void server.visitor().then((visitor) => visitor.sendText(large))
    expect((await connected()).get(ID)['limit']).toBe(35)
  })

  it('is accepted over events', async () => {
    server.refuse = NO_WEBSOCKET
    events(large)
    expect((await connected()).get(ID)['limit']).toBe(35)
  })

  it('is accepted over polls', async () => {
    server.refuse = NO_WEBSOCKET
    events()
    polls(large)
    expect((await connected()).get(ID)['limit']).toBe(35)
  })
})

describe('a link whose WebSocket is blocked', () => {
  beforeEach(() => {
    server.refuse = NO_WEBSOCKET
  })

  it('uses events, verifies them alike, and returns to the stream once it works', async () => {
    const sendEvent = events(frame('snapshot', 4, [old]))
    await connected()
    expect(hms!.explain(ID)).toMatchObject({ state: 'READY', source: 'live', value: { limit: 35 } })
    const refused = next('error')
    sendEvent(frame('change', 5, [{ ...strict, release: old.release }]))
    expect(await steps(refused)).toMatchObject({ code: 'HMS_HEAD_RELEASE_OTHER' })
    sendEvent(frame('change', 5, [strict]))
    await steps(next('change'))
    server.refuse = undefined
    const visitor = await steps(server.visitor())
    expect([visitor.query.get('revision'), visitor.atLeast]).toEqual(['5', '5'])
    visitor.send('heartbeat', 5)
    expect(await steps(visitor.applied())).toMatchObject({ applied: { [ID]: strict.digest } })
    expect(hms!.state).toBe('READY')
  })

  it('does not switch to a stream that is behind', async () => {
    events(frame('snapshot', 5, [strict]))
    await connected()
    server.refuse = undefined
    const behind = await steps(server.visitor())
    behind.send('change', 4, [old])
    const stale = next('stale')
    let hasLeft = false
    void behind.disconnected.then(() => (hasLeft = true))
    // The next attempt comes after ten seconds. Until then the silent events show that no switch has closed them.
    await steps(stale)
    expect(hasLeft).toBe(true)
    expect([hms!.revision, hms!.get(ID)['limit']]).toEqual([5, 25])
  })

  it('is STALE after five seconds without events', async () => {
    events(frame('snapshot', 4, [old]), frame('heartbeat', 4))
    await connected()
    expect(hms!.state).toBe('READY')
    const before = clock.now()
    expect(await steps(next('stale'))).toEqual({ reason: 'no frame for 5 s' })
    expect(clock.now() - before).toBeLessThanOrEqual(5_000)
  })

  it('uses polls when events are blocked, and receives missed changes', async () => {
    events()
    polls(frame('snapshot', 4, [old]), undefined, frame('change', 5, [strict]), undefined)
    await connected()
    expect(hms!.get(ID)['limit']).toBe(35)
    await steps(next('change'))
    expect(hms!.explain(ID)).toMatchObject({ state: 'READY', source: 'live', revision: 5, value: { limit: 25 } })
    const snapshots = () => requests.filter((line) => line.startsWith('/v1/snapshot'))
    expect(snapshots()).toEqual(['/v1/snapshot all any', '/v1/snapshot 4 4', '/v1/snapshot 4 4'])
    server.refuse = undefined
    const visitor = await steps(server.visitor())
    visitor.send('heartbeat', 5)
    await steps(visitor.applied())
  })

  it('does not apply a poll with a lower revision', async () => {
    events()
    polls(frame('snapshot', 5, [strict]), frame('snapshot', 4, [old]))
    await connected()
    await steps(next('stale'))
    expect([hms!.revision, hms!.get(ID)['limit']]).toEqual([5, 25])
  })

  it('is STALE within ten seconds when polls get no response', async () => {
    events()
    polls(frame('snapshot', 4, [old]))
    await connected()
    respond['/v1/snapshot'] = () => {}
    const before = clock.now()
    await steps(next('stale'))
    expect(clock.now() - before).toBeLessThanOrEqual(10_000)
  })

  it('is STALE, not in state ERROR, when a proxy refuses the last transport', async () => {
    events()
    polls(frame('snapshot', 4, [old]))
    await connected()
    respond = {}
    expect(await steps(next('error'))).toMatchObject({ code: 'HMS_HTTP_UNEXPECTED', status: 404 })
    expect(hms!.explain(ID)).toMatchObject({ state: 'STALE', value: { limit: 35 } })
  })

  it('reports the last response when every transport is blocked', async () => {
    await expect(connected()).rejects.toMatchObject({ code: 'HMS_HTTP_UNEXPECTED', status: 404 })
    expect(requests).toEqual(['/v1/events all any', '/v1/snapshot all any'])
  })
})
