import { connect } from 'node:net'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PolicyView } from '#libs/contracts'
import { Follower } from '../testing/follow.suite.js'
import { POLICY, startStore } from '../testing/store-world.suite.js'

let world: Awaited<ReturnType<typeof startStore>>
beforeEach(async () => {
  world = await startStore()
})
afterEach(() => world.stop())

const advance = (ms: number) => world.clock.advanceTo(world.clock.now().getTime() + ms)

describe('GET /v1/stream', () => {
  it('begins with a snapshot and goes on with each change, a bundle in one frame', async () => {
    await world.stored(await world.head())
    const reader = Follower.stream(world.url)
    const changes = [{ id: POLICY, version: '1.0.0', scope: 'global' }]
    expect(await reader.frame(0)).toMatchObject({ type: 'snapshot', revision: 1, changes })
    await world.stored(await world.head({ policy: 'a-limit' }), await world.head({ policy: 'b-limit' }))
    const change = await reader.frame(1)
    expect([change.type, change.revision, change.documents.map(({ id }) => id)]).toEqual(['change', 2, ['a-limit', 'b-limit']])
    expect(Object.keys(change.documents[0]!)).not.toContain('announcedSeqs')
  })

  it('resumes with what was missed, with a heartbeat when that is nothing, with a snapshot when the store counts anew', async () => {
    for (const seq of [1, 2, 3]) await world.stored(await world.head({ seq, version: `${seq}.0.0` }))
    await world.stored(await world.head({ policy: 'a-limit' }))
    const first = async (revision: string) => {
      const { type, revision: at, documents } = await Follower.stream(world.url, { revision }).frame(0)
      return [type, at, documents.map(({ id, seq }) => `${id} ${seq}`)]
    }
    expect(await first('3')).toEqual(['change', 4, ['a-limit 1']])
    expect(await first('1')).toEqual(['change', 4, [`${POLICY} 3`, 'a-limit 1']])
    expect(await first('4')).toEqual(['heartbeat', 4, []])
    expect(await first('9')).toEqual(['snapshot', 4, [`${POLICY} 3`, 'a-limit 1']])
  })

  it('proves life every ten seconds', async () => {
    const reader = Follower.stream(world.url)
    await reader.frame(0)
    advance(10_000)
    expect(await reader.frame(1)).toEqual({ type: 'heartbeat', revision: 0, changes: [], documents: [] })
  })

  it('closes on a frame that is none, and on one that is too large', async () => {
    const [wrong, large] = [Follower.stream(world.url, { bot: 'a' }), Follower.stream(world.url, { bot: 'b' })]
    await Promise.all([wrong.frame(0), large.frame(0)])
    wrong.socket.send('{"type":"hello"}')
    large.socket.send('x'.repeat(257 * 1024))
    expect(await Promise.all([wrong.closed, large.closed])).toEqual([1008, 1009])
  })

  it('answers 404 to an upgrade of anything else, a path that is no URL included', async () => {
    for (const path of ['/v1/elsewhere', '//']) {
      const socket = connect(Number(new URL(world.url).port), '127.0.0.1')
      socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`)
      const [answer] = (await once(socket, 'data')) as [Buffer]
      expect(answer.toString()).toMatch(/^HTTP\/1.1 404 /)
      socket.destroy()
    }
  })

  it('lets the host stop while readers are connected', async () => {
    const other = await startStore()
    const reader = Follower.stream(other.url, { bot: 'a' })
    await reader.frame(0)
    await other.stop()
    expect(await reader.closed).toBe(1001)
  })
})

describe('GET /v1/events', () => {
  it('carries the same frames, with the revision as id', async () => {
    await world.stored(await world.head())
    const events = await readEvents(world.url)
    expect(await events.next()).toMatchObject({ id: '1', data: { type: 'snapshot', revision: 1, changes: [{ id: POLICY }] } })
    await world.stored(await world.head({ seq: 2, version: '2.0.0' }))
    expect(await events.next()).toMatchObject({ id: '2', data: { type: 'change', changes: [{ version: '2.0.0' }] } })
    await events.cancel()
  })

  it('repeats no change to a reader that names the newest revision', async () => {
    await world.stored(await world.head())
    const events = await readEvents(world.url, { 'last-event-id': '1' })
    expect(await events.next()).toEqual({ id: '1', data: { type: 'heartbeat', revision: 1, changes: [], documents: [] } })
    await events.cancel()
  })
})

describe('reads', () => {
  it('say when the author approved alone, as the roster allows', async () => {
    const sole = await startStore('dev', (roster) => void (roster.soleOfficial = true))
    await sole.stored(await sole.head({ approvedBy: ['Air Office'] }))
    const view = (await (await fetch(`${sole.url}/v1/policies/${POLICY}`)).json()) as PolicyView
    await sole.stop()
    expect(view.provenance).toMatchObject({ author: 'Air Office', approvedBy: ['Air Office'], soleOfficial: true })
  })

  it('answer what is in force for the reader, with an ETag', async () => {
    await world.stored(await world.head())
    const base = (await (await fetch(`${world.url}/v1/policies/${POLICY}`)).json()) as { provenance: { digest: string } }
    expect(base).toMatchObject({ version: '1.0.0', revision: 1, scope: 'global', source: 'live', value: { limit: 25 } })
    expect(base.provenance).toEqual({ run: null, digest: base.provenance.digest, author: 'Air Office', approvedBy: ['EPA Chief'] })
    const expires = '2026-01-01T00:01:00Z'
    await world.stored(await world.head({ scope: 'region:NCR', version: '2.0.0', share: 10_000, base: base.provenance.digest, expires }))
    const version = async (query: string) => {
      const response = await fetch(`${world.url}/v1/policies/${POLICY}${query}`)
      return ((await response.json()) as { version: string }).version
    }
    const queries = ['', '?region=NCR', '?region=VA&bot=a', '?region=NCR&bot=a']
    expect(await Promise.all(queries.map(version))).toEqual(['1.0.0', '1.0.0', '1.0.0', '2.0.0'])
    advance(60_000)
    expect(await version('?region=NCR&bot=a')).toBe('1.0.0')
    for (const path of [`/v1/policies/${POLICY}`, '/v1/policies', '/v1/snapshot']) {
      const etag = (await fetch(`${world.url}${path}`)).headers.get('etag')!
      expect((await fetch(`${world.url}${path}`, { headers: { 'if-none-match': `"x", W/${etag}` } })).status).toBe(304)
    }
  })

  it('say 404 for what is not in force', async () => {
    await world.stored(await world.head({ version: null }))
    const response = await fetch(`${world.url}/v1/policies/${POLICY}`)
    expect([response.status, await response.json()]).toMatchObject([404, { code: 'HMS_POLICY_NOT_FOUND' }])
    expect(await (await fetch(`${world.url}/v1/policies`)).json()).toEqual([])
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
      const [, id, data] = /^id: (\d+)\ndata: (.*)$/.exec(text.slice(0, end))!
      text = text.slice(end + 2)
      return { id: id!, data: JSON.parse(data!) }
    },
    cancel: () => reader.cancel(),
  }
}
