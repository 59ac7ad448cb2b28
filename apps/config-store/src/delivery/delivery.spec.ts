import { connect } from 'node:net'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PolicyView } from '#libs/contracts'
import { WebSocket } from 'ws'
import { Follower } from '../testing/follow.suite.js'
import { digestOfRelease, inTime, POLICY, startStore } from '../testing/store-harness.suite.js'

let harness: Awaited<ReturnType<typeof startStore>>
beforeEach(async () => {
  harness = await startStore()
})
afterEach(() => harness.stop())

const advance = (ms: number) => harness.clock.advanceTo(harness.clock.now().getTime() + ms)

describe('GET /v1/stream', () => {
  it('sends a snapshot and then each change, a bundle in one frame', async () => {
    await harness.stored(await harness.head())
    const reader = Follower.stream(harness.url)
    const changes = [{ id: POLICY, version: '1.0.0', scope: 'global' }]
    expect(await reader.frame(0)).toMatchObject({ type: 'snapshot', revision: 1, changes })
    await harness.stored(await harness.head({ policy: 'a-limit' }), await harness.head({ policy: 'b-limit' }))
    const change = await reader.frame(1)
    expect([change.type, change.revision, change.documents.map(({ id }) => id)]).toEqual(['change', 2, ['a-limit', 'b-limit']])
    expect(Object.keys(change.documents[0]!)).not.toContain('announcedSeqs')
  })

  it('resumes with the missed changes, with a heartbeat if there are none, or with a snapshot if the revisions restarted', async () => {
    for (const seq of [1, 2, 3]) await harness.stored(await harness.head({ seq, version: `${seq}.0.0` }))
    await harness.stored(await harness.head({ policy: 'a-limit' }))
    const first = async (revision: string) => {
      const { type, revision: at, documents = [] } = await Follower.stream(harness.url, { revision }).frame(0)
      return [type, at, documents.map(({ id, seq }) => `${id} ${seq}`)]
    }
    expect(await first('3')).toEqual(['change', 4, ['a-limit 1']])
    expect(await first('1')).toEqual(['change', 4, [`${POLICY} 3`, 'a-limit 1']])
    expect(await first('4')).toEqual(['heartbeat', 4, []])
    expect(await inTime(harness, first('9'))).toEqual(['snapshot', 4, [`${POLICY} 3`, 'a-limit 1']])
  })

  it('sends a minimal heartbeat every two seconds', async () => {
    const reader = Follower.stream(harness.url)
    await reader.frame(0)
    advance(2_000)
    expect(await reader.frame(1)).toEqual({ type: 'heartbeat', revision: 0 })
  })

  it('sends a freshness statement once to connected readers, and to new readers when they join', async () => {
    const reader = Follower.stream(harness.url)
    await reader.frame(0)
    await harness.vouch([], harness.clock.now())
    expect(await reader.frame(1)).toHaveProperty('freshness')
    advance(2_000)
    expect(await reader.frame(2)).toEqual({ type: 'heartbeat', revision: 0 })
    await harness.vouch([], new Date(harness.clock.now().getTime() + 1))
    advance(2_000)
    expect(await reader.frame(3)).toHaveProperty('freshness')
    const late = Follower.stream(harness.url)
    await late.frame(0)
    expect(await late.frame(1)).toEqual(await reader.frame(3))
  })

  it('disconnects a named bot that answers no ping for half a minute, and no bot that does', async () => {
    const mute = Follower.stream(harness.url, { bot: 'mute' }, { autoPong: false })
    const bot = Follower.stream(harness.url, { bot: 'b' })
    await Promise.all([mute.frame(0), bot.frame(0)])
    for (let beat = 1; beat <= 20; beat++) {
      const pinged = beat % 5 === 0 ? bot.pinged() : undefined
      advance(2_000)
      await bot.frame(beat)
      await pinged
      await harness.settle()
    }
    expect(await mute.closed).toBe(1006)
    expect(bot.socket.readyState).toBe(bot.socket.OPEN)
  })

  it('closes on an invalid frame, and on an oversized one', async () => {
    const [wrong, large] = [Follower.stream(harness.url, { bot: 'a' }), Follower.stream(harness.url, { bot: 'b' })]
    await Promise.all([wrong.frame(0), large.frame(0)])
    wrong.socket.send('{"type":"hello"}')
    large.socket.send('x'.repeat(2 * 1024 * 1024 + 1))
    expect(await Promise.all([wrong.closed, large.closed])).toEqual([1008, 1009])
  })

  it('accepts an acknowledgement of ten thousand policies', async () => {
    const bot = Follower.stream(harness.url, { bot: 'a' })
    await bot.frame(0)
    bot.applied(0, Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`policy-${index}`, digestOfRelease('1.0.0')])))
    const heard = once(bot.socket, 'pong').then(() => 'heard')
    bot.socket.ping()
    expect(await Promise.race([heard, bot.closed])).toBe('heard')
  })

  it('responds 404 to an upgrade of any other path, even one that is not a URL', async () => {
    for (const path of ['/v1/elsewhere', '//']) {
      const socket = connect(Number(new URL(harness.url).port), '127.0.0.1')
      socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`)
      const [answer] = (await once(socket, 'data')) as [Buffer]
      expect(answer.toString()).toMatch(/^HTTP\/1.1 404 /)
      socket.destroy()
    }
  })

  it('lets the host stop while readers are connected, and sends them a retry time', async () => {
    const other = await startStore()
    const reader = Follower.stream(other.url, { bot: 'a' })
    await reader.frame(0)
    const events = await readEvents(other.url)
    await events.next()
    await other.stop()
    expect(await reader.closed).toBe(1001)
    const goodbye = { type: 'goodbye', revision: 0, retryMs: expect.any(Number) as number }
    expect(reader.frames.at(-1)).toEqual(goodbye)
    expect((await events.next()).data).toEqual(goodbye)
  })
})

describe('GET /v1/events', () => {
  it('sends the same frames, with the revision as id', async () => {
    await harness.stored(await harness.head())
    const events = await readEvents(harness.url)
    expect(await events.next()).toMatchObject({ id: '1', data: { type: 'snapshot', revision: 1, changes: [{ id: POLICY }] } })
    await harness.stored(await harness.head({ seq: 2, version: '2.0.0' }))
    expect(await events.next()).toMatchObject({ id: '2', data: { type: 'change', changes: [{ version: '2.0.0' }] } })
    await events.cancel()
  })

  it('repeats no change to a reader that names the newest revision', async () => {
    await harness.stored(await harness.head())
    const events = await readEvents(harness.url, { 'last-event-id': '1' })
    expect(await events.next()).toEqual({ id: '1', data: { type: 'heartbeat', revision: 1 } })
    await events.cancel()
  })
})

describe('a reader that has seen a later revision than this instance', () => {
  const atLeast = (revision: string) => ({ headers: { 'if-revision-at-least': revision } })
  const upgraded = (revision: string) =>
    new Promise<number>((resolve) => {
      const socket = new WebSocket(`${harness.url.replace('http', 'ws')}/v1/stream`, atLeast(revision))
      socket.on('error', () => {})
      socket.on('open', () => resolve(101))
      socket.on('unexpected-response', (_request, response) => {
        resolve(response.statusCode!)
        socket.terminate()
      })
    })

  it('waits for the revision to arrive', async () => {
    await harness.stored(await harness.head())
    const answer = fetch(`${harness.url}/v1/policies/${POLICY}`, atLeast('2'))
    await harness.settle()
    await harness.stored(await harness.head({ seq: 2, version: '2.0.0' }))
    const response = await answer
    expect([response.headers.get('hms-revision'), await response.json()]).toMatchObject(['2', { version: '2.0.0' }])
  })

  it('gets a 503 after two seconds, and never older data', async () => {
    await harness.stored(await harness.head())
    for (const path of [`/v1/policies/${POLICY}`, '/v1/policies', '/v1/snapshot', '/v1/events']) {
      const response = await inTime(harness, fetch(harness.url + path, atLeast('2')))
      expect([response.status, response.headers.has('retry-after'), await response.json()]).toMatchObject([
        503,
        true,
        { code: 'HMS_STORE_BEHIND', retryable: true, state: { revision: 1 } },
      ])
    }
    expect([await upgraded('1'), await inTime(harness, upgraded('2'))]).toEqual([101, 503])
    expect((await fetch(`${harness.url}/v1/policies`, atLeast('new'))).status).toBe(400)
  })
})

describe('a reader that polls', () => {
  it('gets the missed changes and the newest freshness statement, and a 304 if there is nothing new', async () => {
    await harness.stored(await harness.head())
    const heads = [{ policy: POLICY, seq: 1, current: digestOfRelease('1.0.0') }]
    await harness.vouch(heads, harness.clock.now())
    const poll = async (revision: string, known = '') => {
      const response = await fetch(`${harness.url}/v1/snapshot?revision=${revision}`, { headers: { 'if-none-match': known } })
      return { status: response.status, mark: response.headers.get('etag')!, frame: response.ok ? await response.json() : undefined }
    }
    const first = await poll('0')
    expect(first).toMatchObject({ status: 200, frame: { type: 'change', revision: 1, documents: [{ id: POLICY }], freshness: {} } })
    expect(await poll('1', first.mark)).toMatchObject({ status: 304 })
    await harness.vouch(heads, new Date(harness.clock.now().getTime() + 1))
    const second = await poll('1', first.mark)
    expect(second).toMatchObject({ status: 200, frame: { type: 'heartbeat', revision: 1, freshness: {} } })
    expect(await poll('1', second.mark)).toMatchObject({ status: 304 })
  })
})

describe('reads', () => {
  it('show that the author approved alone, as the roster allows', async () => {
    const sole = await startStore('dev', (roster) => void (roster.soleOfficial = true))
    await sole.stored(await sole.head({ approvedBy: ['Air Office'] }))
    const view = (await (await fetch(`${sole.url}/v1/policies/${POLICY}`)).json()) as PolicyView
    await sole.stop()
    expect(view.provenance).toMatchObject({ author: 'Air Office', approvedBy: ['Air Office'], soleOfficial: true })
  })

  it('return what is in force for the reader, with an ETag', async () => {
    await harness.stored(await harness.head())
    const base = (await (await fetch(`${harness.url}/v1/policies/${POLICY}`)).json()) as { provenance: { digest: string } }
    expect(base).toMatchObject({ version: '1.0.0', revision: 1, scope: 'global', source: 'live', value: { limit: 25 } })
    expect(base.provenance).toEqual({ run: null, digest: base.provenance.digest, author: 'Air Office', approvedBy: ['EPA Chief'] })
    const expires = '2026-01-01T00:01:00Z'
    await harness.stored(
      await harness.head({ scope: 'region:NCR', version: '2.0.0', share: 10_000, base: base.provenance.digest, expires }),
    )
    const version = async (query: string) => {
      const response = await fetch(`${harness.url}/v1/policies/${POLICY}${query}`)
      return ((await response.json()) as { version: string }).version
    }
    const queries = ['', '?region=NCR', '?region=VA&bot=a', '?region=NCR&bot=a']
    expect(await Promise.all(queries.map(version))).toEqual(['1.0.0', '1.0.0', '1.0.0', '2.0.0'])
    advance(60_000)
    expect(await version('?region=NCR&bot=a')).toBe('1.0.0')
    for (const path of [`/v1/policies/${POLICY}`, '/v1/policies', '/v1/snapshot']) {
      const etag = (await fetch(`${harness.url}${path}`)).headers.get('etag')!.replace(/^W\//, '')
      expect((await fetch(`${harness.url}${path}`, { headers: { 'if-none-match': `"x", W/${etag}` } })).status).toBe(304)
    }
  })

  it('return 404 for a policy that is not in force', async () => {
    await harness.stored(await harness.head({ version: null }))
    const response = await fetch(`${harness.url}/v1/policies/${POLICY}`)
    expect([response.status, await response.json()]).toMatchObject([404, { code: 'HMS_POLICY_NOT_FOUND' }])
    expect(await (await fetch(`${harness.url}/v1/policies`)).json()).toEqual([])
  })
})

async function readEvents(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/v1/events`, { headers })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  return {
    next: async (): Promise<{ id: string; data: unknown }> => {
      while (!text.includes('\n\n')) text += (await reader.read()).value ?? ''
      const end = text.indexOf('\n\n')
      const [, id, data] = /^id: (\d+)\n(?:retry: \d+\n)?data: (.*)$/.exec(text.slice(0, end))!
      text = text.slice(end + 2)
      return { id: id!, data: JSON.parse(data!) }
    },
    cancel: () => reader.cancel(),
  }
}
