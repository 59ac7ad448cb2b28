import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Envelope } from '#libs/contracts'
import { ManualClock } from '../testing/manual-clock.js'
import { sampleDocument, sampleFreshness } from '../testing/sample-document.js'
import { replacedKeyRoster, SAMPLE_ROSTER, SAMPLE_ROSTER_BYTES, sampleRoster } from '../testing/sample-trust.js'
import type { Bridge } from './bridge.js'
import type { PageFetch } from './page-fetch.js'
import { openWith, type BridgeOptions } from './open-bridge.js'
import { FakeSockets, type FakeSocket } from './testing/fake-socket.js'

const ID = 'epa-pm25-limit'
const URL_ = 'https://policy.example.gov'
const old = sampleDocument({ policy: { id: ID, version: '1.5.0', limit: 35 }, seq: 1, revision: 4 })
const strict = sampleDocument({ policy: { id: ID, version: '2.0.0', limit: 25 }, seq: 2, revision: 5 })

let clock: ManualClock
let sockets: FakeSockets
let fetch: PageFetch
let bridges: Bridge[]

beforeEach(() => {
  clock = new ManualClock(Date.parse('2024-09-01T12:00:00Z'))
  sockets = new FakeSockets()
  fetch = async () => answer(404, {})
  bridges = []
})
afterEach(() => {
  for (const bridge of bridges) bridge.close()
})

/** Returns a response: event stream for a text, problem document otherwise. `until`: end of the response; default: immediately. */
function answer(status: number, body: unknown, until?: Promise<void>): Awaited<ReturnType<PageFetch>> {
  const type = typeof body === 'string' ? 'text/event-stream' : 'application/problem+json'
  const bytes = new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body))
  const stream = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(bytes)
      await until
      controller.close()
    },
  })
  return { ok: status === 200, status, headers: { get: () => type }, body: stream }
}

function opening(options: Partial<BridgeOptions> = {}): Promise<Bridge> {
  const ports = { clock, fetch: (...asked: Parameters<PageFetch>) => fetch(...asked) }
  return openWith(
    { ...ports, openSocket: sockets.open, page: undefined, random: () => 1 },
    { url: URL_, roster: SAMPLE_ROSTER_BYTES, ...options },
  )
}

async function opened(documents = [old], options?: Partial<BridgeOptions>): Promise<{ bridge: Bridge; socket: FakeSocket }> {
  const dialled = sockets.next()
  const promise = opening(options)
  const socket = (await dialled).accept()
  socket.send('snapshot', 4, documents)
  const bridge = await promise
  bridges.push(bridge)
  return { bridge, socket }
}

/** Resolves with the next connection. The first attempt after a drop comes after 250 ms, because `random` returns its maximum here. */
async function redialled(tries = 1): Promise<FakeSocket> {
  const dialled = sockets.next()
  clock.advance(250 * 2 ** (tries - 1))
  return (await dialled).accept()
}

const nextEvent = <E extends 'bridge:stale' | 'bridge:ready' | 'bridge:error' | 'policy:changed'>(bridge: Bridge, event: E) =>
  new Promise<unknown>((resolve) => {
    const off = bridge.on(event, (detail) => {
      off()
      resolve(detail)
    })
  })

describe('the one connection of a page', () => {
  it('requests the policies that panes may declare, and applies verified documents', async () => {
    const { bridge, socket } = await opened([old], { region: 'NCR', policies: [ID, 'ozone-limit'] })
    expect(socket.url.href).toBe('wss://policy.example.gov/v1/stream?region=NCR&policies=epa-pm25-limit%2Cozone-limit')
    const pane = bridge.pane({ policies: [ID] })
    expect(pane.explain(ID)).toMatchObject({ version: '1.5.0', revision: 4, source: 'live', state: 'READY', trust: 'pinned' })
    const changed = nextEvent(bridge, 'policy:changed')
    socket.send('change', 5, [strict])
    expect(await changed).toMatchObject({ id: ID, from: '1.5.0', to: '2.0.0', revision: 5, value: { limit: 25 } })
    expect(pane.get(ID)['limit']).toBe(25)
    expect(sockets.opened).toHaveLength(1)
  })

  it('resumes from its revision after a drop, and is stale with its value meanwhile', async () => {
    const { bridge, socket } = await opened()
    const stale = nextEvent(bridge, 'bridge:stale')
    socket.drop()
    expect(await stale).toEqual({ reason: 'the connection was closed (1006)' })
    expect(bridge.explain(ID)).toMatchObject({ source: 'cache', state: 'STALE', value: { limit: 35 } })
    const next = await redialled()
    expect(next.url.searchParams.get('revision')).toBe('4')
    const ready = nextEvent(bridge, 'bridge:ready')
    next.send('heartbeat', 4)
    expect(await ready).toEqual({ revision: 4 })
    expect(bridge.state).toBe('READY')
  })

  it('becomes stale and reconnects when no frame arrives', async () => {
    const { bridge, socket } = await opened()
    const stale = nextEvent(bridge, 'bridge:stale')
    clock.advance(5_000)
    expect(await stale).toEqual({ reason: 'no frame for 5 s' })
    expect(socket.closed).toBe(true)
    await redialled()
  })

  it('waits 15 s for a first frame, and then uses events', async () => {
    const requests: string[] = []
    fetch = (url) => {
      requests.push(url)
      return new Promise(() => {})
    }
    const dialled = sockets.next()
    const refused = expect(opening({ timeoutMs: 60_000 })).rejects.toMatchObject({ code: 'HMS_UNREACHABLE' })
    const socket = (await dialled).accept()
    clock.advance(14_999)
    expect(socket.closed).toBe(false)
    clock.advance(1)
    expect(socket.closed).toBe(true)
    clock.advance(250)
    expect(requests).toEqual([`${URL_}/v1/events`])
    clock.advance(60_000)
    await refused
  })

  it('waits longer for a first frame that is still arriving over events', async () => {
    const frame = { type: 'snapshot', revision: 4, changes: [], documents: [old], padding: 'x'.repeat(30_000) }
    const text = `data: ${JSON.stringify(frame)}\n\n`
    const parts = Array.from({ length: 6 }, (_, index) => text.slice(index * 5_000, index === 5 ? undefined : (index + 1) * 5_000))
    let send = (_part: string): void => {}
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => void (send = (part) => controller.enqueue(new TextEncoder().encode(part))),
    })
    let aborted = false
    const requested = new Promise<void>((resolve) => {
      fetch = async (_url, { signal }) => {
        resolve()
        signal.addEventListener('abort', () => (aborted = true))
        return { ok: true, status: 200, headers: { get: () => 'text/event-stream' }, body }
      }
    })
    const promise = opening({ token: 'key', timeoutMs: 60_000 })
    await requested
    const settled = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    for (const part of parts) {
      await settled()
      clock.advance(4_900)
      send(part)
    }
    await settled()
    expect(aborted).toBe(false)
    bridges.push(await promise)
    expect(bridges[0]!.get(ID)['limit']).toBe(35)
  })

  it('reconnects after the time in a goodbye, at most a minute, and is stale five seconds after the last frame', async () => {
    const { bridge, socket } = await opened()
    const stale = vi.fn()
    bridge.on('bridge:stale', stale)
    const leave = async (from: FakeSocket, retryMs: number): Promise<FakeSocket> => {
      const dialled = sockets.next()
      from.sendText(JSON.stringify({ type: 'goodbye', revision: 4, retryMs }))
      from.drop(1001)
      const waitMs = Math.min(retryMs, 60_000)
      clock.advance(waitMs - 1)
      expect(sockets.opened.at(-1)).toBe(from)
      clock.advance(1)
      return (await dialled).accept()
    }
    const second = await leave(socket, 3_000)
    expect([second.url.searchParams.get('revision'), bridge.state, stale.mock.calls]).toEqual(['4', 'READY', []])
    second.send('heartbeat', 4)
    const third = await leave(second, 4_000)
    expect(bridge.state).toBe('READY')
    third.send('heartbeat', 4)
    await leave(third, 3_600_000)
    expect([bridge.state, stale.mock.calls]).toEqual(['STALE', [[{ reason: 'the server stops' }]]])
  })

  it('applies frames in their order', async () => {
    const { bridge, socket } = await opened()
    const seen: unknown[] = []
    const done = new Promise<void>((resolve) =>
      bridge.on('policy:changed', ({ to }) => {
        seen.push(to)
        if (seen.length === 2) resolve()
      }),
    )
    socket.send('change', 5, [strict])
    socket.send('change', 6, [sampleDocument({ policy: { id: ID, version: '3.0.0', limit: 20 }, seq: 3, revision: 6 })])
    await done
    expect(seen).toEqual(['2.0.0', '3.0.0'])
  })

  it('never applies a lower revision, neither on the same connection nor from an instance that is behind', async () => {
    const { bridge, socket } = await opened([strict])
    const stale = nextEvent(bridge, 'bridge:stale')
    socket.send('snapshot', 3, [old])
    expect(await stale).toMatchObject({ code: 'HMS_BRIDGE_SERVER_BEHIND' })
    expect(bridge.get(ID)['limit']).toBe(25)
    const behind = await redialled()
    expect(behind.url.searchParams.get('revision')).toBe('4')
    const again = nextEvent(bridge, 'bridge:stale')
    behind.send('heartbeat', 3)
    expect(await again).toMatchObject({ code: 'HMS_BRIDGE_SERVER_BEHIND' })
    const caughtUp = await redialled(2)
    const ready = nextEvent(bridge, 'bridge:ready')
    caughtUp.send('heartbeat', 4)
    await ready
    expect(bridge.get(ID)['limit']).toBe(25)
  })

  it('does not apply frames of an earlier connection', async () => {
    const { bridge, socket } = await opened()
    const changed = vi.fn()
    bridge.on('policy:changed', changed)
    socket.drop()
    const next = await redialled()
    socket.send('change', 5, [strict])
    const ready = nextEvent(bridge, 'bridge:ready')
    next.send('heartbeat', 4)
    await ready
    expect(changed).not.toHaveBeenCalled()
  })

  it('accepts a snapshot of more than 32 MiB over either transport', async () => {
    const padding = 'x'.repeat(33 * 1024 * 1024)
    const text = JSON.stringify({ type: 'snapshot', revision: 4, changes: [], documents: [old], padding })
    const dialled = sockets.next()
    const bySocket = opening()
    ;(await dialled).accept().sendText(text)
    bridges.push(await bySocket)
    fetch = async () => answer(200, `data: ${text}\n\n`, new Promise(() => {}))
    bridges.push(await opening({ token: 'key' }))
    expect(bridges.map((bridge) => bridge.get(ID)['limit'])).toEqual([35, 35])
  })

  it('restarts after an invalid frame', async () => {
    const { bridge, socket } = await opened()
    const error = nextEvent(bridge, 'bridge:error')
    socket.sendText('{"type":')
    expect(await error).toMatchObject({ code: 'HMS_STREAM_MALFORMED' })
    expect((await redialled()).url.searchParams.has('revision')).toBe(false)
    expect(bridge.get(ID)['limit']).toBe(35)
  })
})

describe('a bridge that verifies documents', () => {
  const tampered = (document: typeof strict): typeof strict => {
    const payload = Buffer.from(document.release!.payload, 'base64').toString().replace('"limit":25', '"limit":99')
    return { ...document, release: { ...document.release!, payload: Buffer.from(payload).toString('base64') } }
  }

  it.each([
    ['a release that was changed', tampered(strict), 'HMS_HEAD_RELEASE_INVALID'],
    [
      'a release that too few people approved',
      sampleDocument({ policy: { id: ID, version: '2.0.0', limit: 25 }, seq: 2, approvedBy: [] }),
      'HMS_HEAD_NOT_APPROVED',
    ],
    [
      'a head by another signer than rollout',
      sampleDocument({ policy: { id: ID, version: '2.0.0', limit: 25 }, seq: 2, headSignedBy: 'EPA Chief' }),
      'HMS_HEAD_SIGNER',
    ],
    [
      'a head that is older',
      { ...sampleDocument({ policy: { id: ID, version: '1.0.0', limit: 40 }, seq: 0 }), revision: 5 },
      'HMS_HEAD_REPLAYED',
    ],
  ])('keeps its value and becomes stale after %s', async (_what, document, code) => {
    const { bridge, socket } = await opened()
    const [error, stale] = [nextEvent(bridge, 'bridge:error'), nextEvent(bridge, 'bridge:stale')]
    socket.send('change', 5, [document])
    expect(await error).toMatchObject({ code })
    expect(await stale).toMatchObject({ code })
    expect(bridge.explain(ID)).toMatchObject({ version: '1.5.0', state: 'STALE', value: { limit: 35 } })
  })

  it('is in doubt only until the next snapshot, even if that omits the refused document', async () => {
    const { bridge, socket } = await opened()
    const stale = nextEvent(bridge, 'bridge:stale')
    const canary = sampleDocument({ policy: { id: ID, version: '2.0.0', limit: 25 }, scope: 'region:NCR' })
    socket.send('change', 5, [tampered(canary)])
    expect(await stale).toMatchObject({ code: 'HMS_HEAD_RELEASE_INVALID' })
    socket.drop()
    const again = await redialled()
    const ready = nextEvent(bridge, 'bridge:ready')
    again.send('snapshot', 6, [old])
    expect(await ready).toEqual({ revision: 6 })
  })

  it("becomes stale when rollout's freshness statement names other heads", async () => {
    const { bridge, socket } = await opened([old])
    const at = (ms: number): string => new Date(clock.now() + ms).toISOString()
    const others = (): Envelope => sampleFreshness([{ policy: ID, seq: 9, current: null }], at(0), at(300_000))
    const stale = nextEvent(bridge, 'bridge:stale')
    for (let n = 0; n < 7; n++) {
      const seen = new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))))
      socket.send('heartbeat', 4, [], others())
      await seen
      clock.advance(4_000)
    }
    expect(await stale).toMatchObject({ code: 'HMS_FRESHNESS_MIXED' })
  })

  it('follows a roster signed by its predecessor, and restarts if that refuses a document', async () => {
    const second = await replacedKeyRoster(2)
    fetch = async (url) => answer(200, url.endsWith('/v1/roster?since=1') ? [{ envelope: second }] : [])
    const canary = sampleDocument({ policy: { id: ID, version: '2.0.0', limit: 25 }, scope: 'region:NCR' })
    const { socket } = await opened([old, canary])
    const dialled = sockets.next()
    const at = (ms: number): string => new Date(clock.now() + ms).toISOString()
    socket.send('heartbeat', 4, [], sampleFreshness([{ policy: ID, seq: 1, current: old.digest }], at(0), at(300_000), 2))
    await vi.waitFor(() => expect(socket.closed).toBe(true))
    clock.advance(250)
    expect((await dialled).url.searchParams.has('revision')).toBe(false)
  })
})

describe('opening', () => {
  it('is refused without a roster, except for a loopback address', async () => {
    await expect(opening({ roster: undefined })).rejects.toMatchObject({ code: 'HMS_ROSTER_REQUIRED' })
    fetch = async () => answer(200, [{ envelope: SAMPLE_ROSTER }])
    const { bridge } = await opened([old], { url: 'http://127.0.0.1:7184', roster: undefined })
    expect(bridge.explain(ID).trust).toBe('first-use')
  })

  it('is refused for a roster that does not verify or cannot be parsed', async () => {
    await expect(opening({ roster: await sampleRoster(1, ['EPA Chief']) })).rejects.toMatchObject({ code: 'HMS_ROSTER_THRESHOLD' })
    await expect(opening({ roster: 'roster.json' })).rejects.toMatchObject({ code: 'HMS_ROSTER_UNREADABLE' })
  })

  it('rejects without a response in time', async () => {
    const dialled = sockets.next()
    const promise = opening({ timeoutMs: 4_000 })
    const refused = expect(promise).rejects.toMatchObject({ code: 'HMS_UNREACHABLE' })
    await dialled
    clock.advance(4_000)
    await refused
  })

  it('tries events when the WebSocket is blocked, and reports the server’s refusal', async () => {
    const requests: string[] = []
    fetch = async (url) => {
      requests.push(url)
      return answer(401, { code: 'HMS_AUTH_REQUIRED', detail: 'a key is needed' })
    }
    const dialled = sockets.next()
    const refused = expect(opening()).rejects.toMatchObject({ code: 'HMS_AUTH_REQUIRED' })
    ;(await dialled).drop()
    clock.advance(250)
    await refused
    expect(requests).toEqual([`${URL_}/v1/events`])
  })

  it('reads no events from a response of another type, such as the page of a proxy', async () => {
    const frame = { type: 'snapshot', revision: 4, changes: [], documents: [old] }
    fetch = async () => ({ ...answer(200, `data: ${JSON.stringify(frame)}\n\n`), headers: { get: () => 'text/html' } })
    await expect(opening({ token: 'key' })).rejects.toMatchObject({ code: 'HMS_HTTP_UNEXPECTED', status: 200 })
  })

  it('uses only events with a key, and resumes after the last one', async () => {
    const requests: { url: string; key: string | undefined }[] = []
    const frame = { type: 'snapshot', revision: 4, changes: [], documents: [old] }
    let drop = (): void => {}
    const until = new Promise<void>((resolve) => (drop = resolve))
    fetch = async (url, { headers }) => {
      requests.push({ url, key: headers['authorization'] })
      return answer(200, `id: 4\ndata: ${JSON.stringify(frame)}\n\n`, until)
    }
    const bridge = await opening({ token: 'key' })
    bridges.push(bridge)
    expect(bridge.get(ID)['limit']).toBe(35)
    const stale = nextEvent(bridge, 'bridge:stale')
    drop()
    await stale
    clock.advance(250)
    expect(requests).toEqual([
      { url: `${URL_}/v1/events`, key: 'Bearer key' },
      { url: `${URL_}/v1/events?revision=4`, key: 'Bearer key' },
    ])
    expect(sockets.opened).toEqual([])
  })
})
