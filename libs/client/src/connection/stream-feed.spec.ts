import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../testing/manual-clock.js'
import { sampleDocument, sampleFreshness } from '../testing/sample-document.js'
import { REPLACED_KEY_ROSTER_BYTES, replacedKeyRoster, SAMPLE_ROSTER_BYTES, sampleRoster } from '../testing/sample-trust.js'
import { StreamServer, type Visitor } from '../testing/stream-server.js'
import { openConnection, type ConnectOptions } from './connect.js'
import type { ConnectionEvents, HmsConnection } from './hms-connection.js'
import type { ReaderSession } from './reader-session.js'

const ID = 'epa-pm25-limit'
const old = sampleDocument({ policy: { id: ID, version: '1.5.0', limit: 35 }, seq: 1, revision: 4 })
const strict = sampleDocument({ policy: { id: ID, version: '2.0.0', limit: 25 }, seq: 2, revision: 5 })
const canary = sampleDocument({
  policy: { id: ID, version: '2.0.0', limit: 25 },
  scope: 'region:NCR',
  revision: 4,
  share: 10_000,
  base: old.digest,
  expires: '2024-09-01T12:00:04Z',
})
const damagedCanary = { ...canary, release: old.release }

let server: StreamServer
let url: string
let clock: ManualClock
let open: ReaderSession[]

beforeEach(async () => {
  server = new StreamServer()
  url = await server.start()
  clock = new ManualClock(Date.parse('2024-09-01T12:00:00Z'))
  open = []
})

afterEach(async () => {
  await Promise.all(open.map((connection) => connection.close()))
  await server.stop()
})

async function connected(options: ConnectOptions = {}, documents = [old]): Promise<{ hms: ReaderSession; visitor: Visitor }> {
  const opening = openConnection({ url, bot: 'inspector-7', region: 'NCR', roster: SAMPLE_ROSTER_BYTES, ...options }, { clock })
  const visitor = await server.visitor()
  visitor.send('snapshot', 4, documents)
  const hms = await opening
  open.push(hms)
  return { hms, visitor }
}

/** Advances the clock in small steps until the promise settles, and lets socket messages arrive between the steps. */
async function steps<T>(time: ManualClock, happens: Promise<T>): Promise<T> {
  const end = { reached: false }
  const mark = (): void => void (end.reached = true)
  happens.then(mark, mark)
  while (!end.reached) {
    time.advance(5)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return happens
}

/**
 * Resolves with the reconnected visitor. A drop emits no event here; the connection schedules one more timer, after which it reconnects.
 */
async function redialled(drop: () => void, afterMs = 250): Promise<Visitor> {
  const before = clock.scheduledCount
  drop()
  while (clock.scheduledCount === before) await new Promise((resolve) => setImmediate(resolve))
  clock.advance(afterMs)
  return server.visitor()
}

function next<E extends keyof ConnectionEvents>(hms: HmsConnection, event: E): Promise<ConnectionEvents[E]> {
  return new Promise((resolve) => {
    const off = hms.on(event, (data) => {
      off()
      resolve(data)
    })
  })
}

describe('a connection', () => {
  it('resolves on the snapshot, reads without I/O and acknowledges', async () => {
    const { hms, visitor } = await connected()
    expect(Object.fromEntries(visitor.query)).toEqual({ bot: 'inspector-7', region: 'NCR' })
    expect(hms.get(ID)['limit']).toBe(35)
    expect(hms.explain(ID)).toMatchObject({ version: '1.5.0', revision: 4, source: 'live', ageMs: 0, state: 'READY', scope: 'global' })
    expect(await visitor.applied()).toEqual({ type: 'applied', revision: 4, applied: { [ID]: old.digest }, cohortKey: true })
    expect(() => hms.get('no-such-policy')).toThrow(expect.objectContaining({ code: 'HMS_POLICY_NOT_FOUND', status: 404 }) as Error)
  })

  it('applies a change and acknowledges it immediately', async () => {
    const { hms, visitor } = await connected()
    await visitor.applied()
    const change = next(hms, 'change')
    visitor.send('change', 5, [strict])
    expect(await change).toEqual({ id: ID, from: '1.5.0', to: '2.0.0', revision: 5 })
    expect(hms.revision).toBe(5)
    expect(hms.get(ID)['limit']).toBe(25)
    expect(await visitor.applied()).toEqual({ type: 'applied', revision: 5, applied: { [ID]: strict.digest }, cohortKey: true })
  })

  it('resumes from its revision after a drop, and acknowledges again', async () => {
    const { hms, visitor } = await connected()
    const stale = next(hms, 'stale')
    visitor.drop()
    await stale
    expect(hms.explain(ID)).toMatchObject({ source: 'cache', state: 'STALE', value: { limit: 35 } })
    const ready = next(hms, 'ready')
    clock.advance(250)
    const again = await server.visitor()
    expect(again.query.get('revision')).toBe('4')
    again.send('heartbeat', 4)
    await ready
    expect(await again.applied()).toMatchObject({ revision: 4, applied: { [ID]: old.digest } })
  })

  it('is STALE after five seconds without a frame', async () => {
    const { hms, visitor } = await connected()
    await visitor.applied()
    clock.advance(4_999)
    expect(hms.state).toBe('READY')
    clock.advance(1)
    expect(hms.state).toBe('STALE')
  })

  it('is not STALE immediately after its own process was suspended', async () => {
    const { hms, visitor } = await connected()
    await visitor.applied()
    clock.stall(60_000)
    expect(hms.state).toBe('READY')
    clock.advance(250)
    expect(hms.state).toBe('STALE')
  })

  it('reconnects after the time in a goodbye, and is STALE meanwhile only when its last frame is old', async () => {
    const { hms, visitor } = await connected()
    const states: string[] = []
    for (const event of ['stale', 'ready'] as const) hms.on(event, () => states.push(event))
    const leave = (from: Visitor, retryMs: number) =>
      redialled(() => from.sendText(JSON.stringify({ type: 'goodbye', revision: 4, retryMs })), retryMs)
    const second = await leave(visitor, 3_000)
    expect([second.query.get('revision'), states]).toEqual(['4', []])
    second.send('heartbeat', 4)
    await second.applied()
    const third = await leave(second, 7_000)
    expect(states).toEqual(['stale'])
    third.send('heartbeat', 4)
    await third.applied()
    expect(states).toEqual(['stale', 'ready'])
  })

  it('waits a minute at most after a goodbye with a longer time', async () => {
    const { visitor } = await connected()
    const again = redialled(() => visitor.sendText(JSON.stringify({ type: 'goodbye', revision: 4, retryMs: 1e9 })), 60_000)
    expect((await again).query.get('revision')).toBe('4')
  })

  it('returns the fallback if no version is in force, and explains it as a default', async () => {
    const { hms } = await connected()
    expect(hms.get('no-such-policy', { limit: 30 })).toEqual({ limit: 30 })
    expect(hms.get(ID, { limit: 30 })['limit']).toBe(35)
    expect(hms.explain('no-such-policy', 30)).toEqual({
      value: 30,
      version: '',
      revision: 4,
      source: 'default',
      ageMs: 0,
      state: 'READY',
      trust: 'pinned',
      scope: '',
      code: 'HMS_POLICY_NOT_FOUND',
    })
    expect(hms.explain(ID, 30)).toMatchObject({ source: 'live', value: { limit: 35 } })
  })

  it('is in state ERROR with its values when the server refuses it, and READY after the server accepts it', async () => {
    const { hms, visitor } = await connected()
    const [stale, error] = [next(hms, 'stale'), next(hms, 'error')]
    server.refuse = { status: 401, problem: { code: 'HMS_AUTH_TOKEN_REVOKED', detail: 'the key was revoked' } }
    visitor.drop()
    await stale
    clock.advance(250)
    expect(await error).toMatchObject({ code: 'HMS_AUTH_TOKEN_REVOKED', status: 401 })
    expect(hms.explain(ID)).toMatchObject({ state: 'ERROR', source: 'cache', code: 'HMS_AUTH_TOKEN_REVOKED', value: { limit: 35 } })
    server.refuse = undefined
    const ready = next(hms, 'ready')
    clock.advance(10_000)
    ;(await server.visitor()).send('heartbeat', 4)
    await ready
    expect(hms.state).toBe('READY')
  })

  it('resolves ready() when it is READY, or with its state at the timeout', async () => {
    const { hms, visitor } = await connected()
    expect(await hms.ready()).toBe('READY')
    const stale = next(hms, 'stale')
    visitor.drop()
    await stale
    expect(await hms.ready({ timeoutMs: 1 })).toBe('STALE')
    const ready = hms.ready()
    clock.advance(250)
    ;(await server.visitor()).send('heartbeat', 4)
    expect(await ready).toBe('READY')
  })

  it('leaves a canary when its lease expires, without a frame', async () => {
    const { hms, visitor } = await connected({}, [old, canary])
    expect(await visitor.applied()).toMatchObject({ applied: { [ID]: canary.digest } })
    expect(hms.explain(ID)).toMatchObject({ scope: 'region:NCR', version: '2.0.0' })
    const change = next(hms, 'change')
    clock.advance(4_000)
    expect(await change).toEqual({ id: ID, from: '2.0.0', to: '1.5.0', revision: 4 })
    expect(await visitor.applied()).toMatchObject({ applied: { [ID]: old.digest } })
  })

  it('is READY with, and does not apply, the end of a canary whose base is not approved', async () => {
    const lapsed = { policy: { id: ID, version: '1.5.0', limit: 35 }, approvedBy: [] }
    const end = sampleDocument({ ...lapsed, scope: 'region:NCR', seq: 2, revision: 6, base: old.digest })
    const { hms, visitor } = await connected({}, [strict, end])
    expect(hms.explain(ID)).toMatchObject({ state: 'READY', scope: 'global', version: '2.0.0' })
    const error = next(hms, 'error')
    visitor.send('change', 7, [sampleDocument({ ...lapsed, seq: 3, revision: 7 })])
    expect(await error).toMatchObject({ code: 'HMS_HEAD_NOT_APPROVED' })
    expect(hms.explain(ID)).toMatchObject({ state: 'STALE', version: '2.0.0' })
  })

  it('leaves a canary immediately on an end whose base is not approved', async () => {
    const base = sampleDocument({ policy: { id: ID, version: '1.5.0', limit: 35 } })
    const { hms, visitor } = await connected({}, [base, canary])
    expect(hms.explain(ID)).toMatchObject({ version: '2.0.0' })
    const change = next(hms, 'change')
    const end = { policy: { id: ID, version: '1.5.0', limit: 35 }, approvedBy: [], scope: 'region:NCR', base: base.digest }
    visitor.send('change', 5, [sampleDocument({ ...end, seq: 2, revision: 5 })])
    expect(await change).toEqual({ id: ID, from: '2.0.0', to: '1.5.0', revision: 5 })
    expect(hms.state).toBe('READY')
  })

  it('keeps its value after a damaged document, and requests a snapshot when it reconnects', async () => {
    const { hms, visitor } = await connected()
    const [error, stale] = [next(hms, 'error'), next(hms, 'stale')]
    visitor.send('change', 5, [{ ...strict, release: old.release }])
    expect(await error).toMatchObject({ code: 'HMS_HEAD_RELEASE_OTHER' })
    expect(await stale).toMatchObject({ code: 'HMS_HEAD_RELEASE_OTHER' })
    expect(hms.explain(ID)).toMatchObject({ state: 'STALE', value: { limit: 35 } })
    expect((await redialled(() => visitor.drop())).query.has('revision')).toBe(false)
  })

  it('is READY after a snapshot without the damaged document', async () => {
    const { hms, visitor } = await connected()
    const stale = next(hms, 'stale')
    visitor.send('change', 5, [damagedCanary])
    expect(await stale).toMatchObject({ code: 'HMS_HEAD_RELEASE_OTHER' })
    const again = await redialled(() => visitor.drop())
    const ready = next(hms, 'ready')
    again.send('snapshot', 6, [old])
    await ready
    expect(hms.explain(ID)).toMatchObject({ state: 'READY', source: 'live', value: { limit: 35 } })
    expect((await redialled(() => again.drop(), 500)).query.get('revision')).toBe('6')
  })

  it.each(['{"type":"change"', '{"type":"change","revision":5}', '7'])('requests a snapshot after the invalid frame %s', async (text) => {
    const { hms, visitor } = await connected()
    const stale = next(hms, 'stale')
    visitor.sendText(text)
    await stale
    clock.advance(250)
    expect((await server.visitor()).query.has('revision')).toBe(false)
    expect(hms.get(ID)['limit']).toBe(35)
  })

  it('tries another instance when one is behind, and requests a snapshot when all are', async () => {
    const { hms, visitor } = await connected()
    visitor.drop()
    const first = await steps(clock, server.visitor())
    expect([first.query.get('revision'), first.atLeast]).toEqual(['4', '4'])
    // A server that does not know the header sends an older revision, which is not applied.
    first.send('change', 3, [strict])
    const second = await steps(clock, server.visitor())
    expect([second.query.get('revision'), hms.revision, hms.get(ID)['limit']]).toEqual(['4', 4, 35])
    second.send('heartbeat', 4)
    await second.applied()
    server.refuse = { status: 503, problem: { code: 'HMS_STORE_BEHIND', detail: 'not seen yet', retryable: true } }
    let refusals = 0
    const all = new Promise<void>((resolve) => hms.on('error', () => ++refusals === 3 && resolve()))
    second.drop()
    await steps(clock, all)
    server.refuse = undefined
    const last = await steps(clock, server.visitor())
    expect([last.query.has('revision'), last.atLeast]).toEqual([false, undefined])
    expect(hms.get(ID)['limit']).toBe(35)
  })

  it('requests a snapshot when the store was recreated, and keeps its floors', async () => {
    const { hms, visitor } = await connected()
    let again = visitor
    for (const revision of ['4', '4', null]) {
      again.send('heartbeat', 1)
      again = await steps(clock, server.visitor())
      expect(again.query.get('revision')).toBe(revision)
    }
    const refused = next(hms, 'error')
    again.send('snapshot', 1, [sampleDocument({ policy: { id: ID, version: '1.5.0', limit: 99 }, seq: 1 })])
    expect(await refused).toMatchObject({ code: 'HMS_RELEASE_BELOW_FLOOR' })
    expect(hms.get(ID)['limit']).toBe(35)
  })
})

describe('rollout’s freshness statement', () => {
  const heads = [{ policy: ID, seq: 1, current: old.digest }]
  const others = [...heads, { policy: 'ozone-limit', seq: 1, current: old.digest }]
  const beat = (visitor: Visitor, said: typeof heads, roster?: number): void => {
    const at = (ms: number): string => new Date(clock.now() + ms).toISOString()
    visitor.sendText(JSON.stringify({ type: 'heartbeat', revision: 4, freshness: sampleFreshness(said, at(0), at(300_000), roster) }))
  }

  /** Sends statements on heads that the reader does not have, until it is STALE. */
  const doubt = async (hms: ReaderSession, visitor: Visitor): Promise<void> => {
    const stale = next(hms, 'stale')
    for (let turn = 0; hms.state === 'READY'; turn++) {
      expect(turn).toBeLessThan(8)
      beat(visitor, others)
      // Frames are processed in order, so the acknowledgement of the change shows that the heartbeat was processed.
      visitor.send('change', 4)
      await Promise.race([stale, visitor.applied()])
      if (hms.state === 'READY') clock.advance(4_000)
    }
    expect(await stale).toMatchObject({ code: 'HMS_FRESHNESS_MIXED' })
  }

  it('makes a reader with other heads STALE, until a statement names its heads', async () => {
    const { hms, visitor } = await connected()
    await visitor.applied()
    await doubt(hms, visitor)
    expect(hms.explain(ID)).toMatchObject({ state: 'STALE', value: { limit: 35 } })
    const again = await steps(clock, server.visitor())
    const ready = next(hms, 'ready')
    again.send('snapshot', 4, [old])
    beat(again, heads)
    await ready
  })

  it('makes a reader with other heads request a whole snapshot, once in five minutes', async () => {
    const { hms, visitor } = await connected()
    await visitor.applied()
    await doubt(hms, visitor)
    const again = await steps(clock, server.visitor())
    expect(again.query.has('revision')).toBe(false)
    const found = sampleDocument({ policy: { id: 'ozone-limit', version: '1.0.0', limit: 70 }, seq: 1, revision: 3 })
    const ready = next(hms, 'ready')
    again.send('snapshot', 4, [old, found])
    beat(again, [...heads, { policy: 'ozone-limit', seq: 1, current: found.digest }])
    await ready
    expect(hms.ids()).toEqual([ID, 'ozone-limit'])
    await again.applied()
    await doubt(hms, again)
    again.send('change', 5, [strict])
    expect((await again.applied()).applied).toMatchObject({ [ID]: strict.digest })
  })

  const serveRoster = (envelope: unknown): void => {
    server.answer = (_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify([{ version: 2, envelope }]))
  }

  it('makes a reader verify its documents by a newer roster without a reconnect, which would leave a canary without its bot', async () => {
    const { hms, visitor } = await connected({}, [old, canary])
    await visitor.applied()
    serveRoster(await sampleRoster(2))
    beat(visitor, heads, 2)
    const verified = await Promise.race([visitor.applied(), visitor.disconnected.then(() => 'the reader left')])
    expect(verified).toMatchObject({ type: 'applied', revision: 4, applied: { [ID]: canary.digest } })
    expect(hms.explain(ID)).toMatchObject({ state: 'READY', value: { limit: 25 } })
  })

  it('makes a reader apply a refused document by a newer roster, also without a reconnect', async () => {
    const { hms, visitor } = await connected({ roster: REPLACED_KEY_ROSTER_BYTES }, [old])
    await visitor.applied()
    serveRoster(await sampleRoster(2))
    const error = next(hms, 'error')
    const read = next(hms, 'change')
    visitor.send('change', 5, [canary])
    expect(await error).toMatchObject({ code: 'HMS_HEAD_SIGNER' })
    const verified = await Promise.race([read, visitor.disconnected.then(() => 'the reader left')])
    expect(verified).toMatchObject({ id: ID, to: canary.version })
    const ready = next(hms, 'ready')
    visitor.send('heartbeat', 5)
    await ready
    visitor.drop()
    expect((await steps(clock, server.visitor())).query.get('revision')).toBe('5')
  })

  it('makes a reader request a whole snapshot when a newer roster refuses a document that it holds', async () => {
    const { hms, visitor } = await connected({}, [old, canary])
    await visitor.applied()
    serveRoster(await replacedKeyRoster(2))
    const error = next(hms, 'error')
    beat(visitor, heads, 2)
    expect(await error).toMatchObject({ code: 'HMS_HEAD_SIGNER' })
    const again = await steps(clock, server.visitor())
    expect(again.query.has('revision')).toBe(false)
    expect(hms.explain(ID)).toMatchObject({ state: 'STALE', value: { limit: 25 } })
  })

  it('makes a reader fetch newer rosters, and refuse invalid successors', async () => {
    const { hms, visitor } = await connected()
    const requested = new Promise<string | undefined>((resolve) => {
      server.answer = (request, response) => {
        resolve(request.url)
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify([{ version: 2, envelope: JSON.parse(SAMPLE_ROSTER_BYTES.toString()) }]))
      }
    })
    const error = next(hms, 'error')
    beat(visitor, heads, 2)
    expect(await requested).toBe('/v1/roster?since=1')
    expect(await error).toMatchObject({ code: 'HMS_ROSTER_VERSION' })
    expect(hms.get(ID)['limit']).toBe(35)
  })
})

describe('the trusted roster', () => {
  it('is fetched again after it has expired, and the connection is STALE with a remedy meanwhile', async () => {
    clock = new ManualClock(Date.parse('2035-12-31T23:59:56Z'))
    const { hms, visitor } = await connected()
    const requested = new Promise((resolve) => {
      server.answer = (request, response) => {
        resolve(request.url)
        response.writeHead(200, { 'content-type': 'application/json' }).end('[]')
      }
    })
    expect(hms.state).toBe('READY')
    clock.advance(4_000)
    const stale = next(hms, 'stale')
    visitor.send('heartbeat', 4)
    expect(await stale).toEqual({ reason: expect.stringContaining('hms-svc roster propose') as string, code: 'HMS_ROSTER_EXPIRED' })
    expect(await requested).toBe('/v1/roster?since=1')
    expect(hms.explain(ID)).toMatchObject({ state: 'STALE', code: 'HMS_ROSTER_EXPIRED', value: { limit: 35 } })
  })

  it('is required for an address that is not loopback', async () => {
    await expect(openConnection({ url: 'http://policies.example', timeoutMs: 100 })).rejects.toMatchObject({
      code: 'HMS_ROSTER_REQUIRED',
      status: 400,
    })
  })

  it('is pinned on first use on loopback, stored, and not requested again', async () => {
    const cacheDir = await mkdtemp(join(tmpdir(), 'hms-client-'))
    const asked: string[] = []
    server.answer = (request, response) => {
      asked.push(request.url ?? '')
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify([{ version: 1, envelope: JSON.parse(SAMPLE_ROSTER_BYTES.toString()) }]))
    }
    for (const _time of [1, 2]) {
      const { hms } = await connected({ roster: undefined, cacheDir })
      expect(hms.explain(ID)).toMatchObject({ trust: 'first-use', value: { limit: 35 } })
      await hms.close()
    }
    expect(asked).toEqual(['/v1/roster'])
    await rm(cacheDir, { recursive: true })
  })

  it('causes an error if it cannot be read', async () => {
    await expect(openConnection({ url, roster: '/no/such/roster.json' })).rejects.toMatchObject({ code: 'HMS_ROSTER_UNREADABLE' })
    await expect(openConnection({ url, roster: Buffer.from('{}') })).rejects.toMatchObject({ code: 'HMS_SIGNATURE_MALFORMED' })
  })
})

describe('opening', () => {
  it('rejects with HMS_UNREACHABLE without a server', async () => {
    await server.stop()
    const opening = openConnection({ url, roster: SAMPLE_ROSTER_BYTES, timeoutMs: 100 })
    await expect(opening).rejects.toMatchObject({ code: 'HMS_UNREACHABLE', status: 503, next: ['hms-svc dev'] })
  })

  it('rejects with the server’s refusal', async () => {
    server.refuse = { status: 403, problem: { code: 'HMS_TOKEN_REVOKED', detail: 'the token was revoked' } }
    await expect(openConnection({ url, roster: SAMPLE_ROSTER_BYTES })).rejects.toMatchObject({ code: 'HMS_TOKEN_REVOKED', status: 403 })
  })

  it('sends the given token', async () => {
    const { visitor } = await connected({ token: 'given' })
    expect(visitor.authorization).toBe('Bearer given')
  })
})

describe('the copy on disk', () => {
  let cacheDir: string
  beforeEach(async () => {
    cacheDir = await mkdtemp(join(tmpdir(), 'hms-client-'))
  })
  afterEach(async () => {
    // An open connection may still be writing there.
    await Promise.all(open.map((connection) => connection.close()))
    await rm(cacheDir, { recursive: true })
  })

  it('is served without a server, and has the revision from which the next connection resumes', async () => {
    const { hms } = await connected({ cacheDir })
    await hms.close()
    expect((await readdir(cacheDir)).sort()).toEqual([
      expect.stringMatching(/^floors-[0-9a-f]{16}\.json$/),
      expect.stringMatching(/^policies-[0-9a-f]{16}\.json$/),
    ])
    const { port } = server
    await server.stop()
    clock.advance(60_000)
    const offline = await openConnection({ url, bot: 'inspector-7', region: 'NCR', roster: SAMPLE_ROSTER_BYTES, cacheDir }, { clock })
    open.push(offline)
    expect(offline.explain(ID)).toMatchObject({ source: 'disk', state: 'STALE', ageMs: 60_000, value: { limit: 35 } })
    server = new StreamServer()
    await server.start(port)
    const ready = next(offline, 'ready')
    clock.advance(250)
    const visitor = await server.visitor()
    expect(visitor.query.get('revision')).toBe('4')
    visitor.send('change', 5, [strict])
    await ready
    expect(offline.explain(ID)).toMatchObject({ source: 'live', state: 'READY', value: { limit: 25 } })
  })

  it('with a canary of a replaced key is in doubt only until the first snapshot', async () => {
    const { hms } = await connected({ cacheDir }, [old, canary])
    await hms.close()
    const { hms: again, visitor } = await connected({ cacheDir, roster: REPLACED_KEY_ROSTER_BYTES }, [old])
    expect(visitor.query.has('revision')).toBe(false)
    expect(again.explain(ID)).toMatchObject({ state: 'READY', source: 'live', value: { limit: 35 } })
  })

  it('is not shared between readers', async () => {
    const first = await connected({ cacheDir })
    await first.hms.close()
    const second = await connected({ cacheDir, region: 'VA' })
    expect(second.visitor.query.has('revision')).toBe(false)
  })
})
