import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { StreamFrame } from '#libs/contracts'
import { FetchedEventSource } from '../testing/fetched-event-source.js'
import { Follower } from '../testing/follow.suite.js'
import { digestOfRelease, inTime, POLICY, startStore } from '../testing/store-harness.suite.js'

const EFFECTIVE = '2026-01-01T01:00:00.000Z'
const IN_FORCE = [{ id: POLICY, version: '2.0.0', digest: digestOfRelease('2.0.0', POLICY, EFFECTIVE), scope: 'global' }]
const BEFORE = [{ id: POLICY, version: '1.0.0', digest: digestOfRelease('1.0.0'), scope: 'global' }]

let harness: Awaited<ReturnType<typeof startStore>>
beforeEach(async () => {
  harness = await startStore()
  await harness.stored(await harness.head({ policy: 'a-limit' }))
  const held = await harness.head({ version: '2.0.0', effective: EFFECTIVE })
  const holding = await harness.head({ seq: 2, next: { release: digestOfRelease('2.0.0', POLICY, EFFECTIVE), at: EFFECTIVE } })
  await harness.stored({ ...holding, next: { release: held.release!, proof: null } })
})
afterEach(() => harness.stop())

const advance = (ms: number): void => harness.clock.advanceTo(harness.clock.now().getTime() + ms)
const comes = (): void => harness.clock.advanceTo(Date.parse(EFFECTIVE))
const listed = ({ changes = [] }: StreamFrame): StreamFrame['changes'] => changes.filter(({ id }) => id === POLICY)
const ask = (query: string, etag = ''): Promise<Response> =>
  fetch(`${harness.url}/v1/snapshot${query}`, { headers: etag === '' ? {} : { 'if-none-match': etag } })
const snapshot = async (query = ''): Promise<StreamFrame> => (await (await ask(query)).json()) as StreamFrame
/** Returns the first frame of an event stream. */
const firstEvent = async (query = ''): Promise<StreamFrame> => {
  const source = new FetchedEventSource(`${harness.url}/v1/events${query}`)
  const data = await new Promise<string>((resolve) =>
    source.addEventListener('message', (event) => resolve((event as MessageEvent<string>).data)),
  )
  source.close()
  return JSON.parse(data) as StreamFrame
}

describe('a rule whose effective time has come', () => {
  it.each(['', '?after=', `?policies=${POLICY}`, '?revision=1'])(
    'is listed as in force by GET /v1/snapshot%s, and not before',
    async (query) => {
      expect(listed(await snapshot(query))).toEqual(BEFORE)
      comes()
      expect(listed(await snapshot(query))).toEqual(IN_FORCE)
    },
  )

  it.each(['', `?policies=${POLICY}`, '?revision=1'])('is listed as in force by GET /v1/events%s, and not before', async (query) => {
    expect(listed(await firstEvent(query))).toEqual(BEFORE)
    comes()
    expect(listed(await firstEvent(query))).toEqual(IN_FORCE)
  })

  it.each(['', '?after=', `?policies=${POLICY}`])('changes the ETag of GET /v1/snapshot%s', async (query) => {
    const before = (await ask(query)).headers.get('etag')!
    expect((await ask(query, before)).status).toBe(304)
    comes()
    const after = await ask(query, before)
    expect(after.status).toBe(200)
    expect((await ask(query, after.headers.get('etag')!)).status).toBe(304)
  })

  it.each<Record<string, string>>([{}, { policies: POLICY }])('is sent once as a change to followers of %j', async (query) => {
    const reader = Follower.stream(harness.url, query)
    await reader.frame(0)
    comes()
    const turned = await inTime(
      harness,
      reader.first((frame) => frame.type === 'change'),
    )
    expect(turned).toEqual({ type: 'change', revision: 2, changes: IN_FORCE, documents: [] })
    advance(60_000)
    await harness.stored(await harness.head({ policy: 'b-limit' }), await harness.head({ policy: POLICY, seq: 3 }))
    await reader.first(({ revision }) => revision === 3)
    expect(reader.frames.filter((frame) => frame.type === 'change' && frame.revision === 2)).toHaveLength(1)
  })

  it('is not sent to followers of other policies', async () => {
    const reader = Follower.stream(harness.url, { policies: 'a-limit' })
    await reader.frame(0)
    comes()
    await inTime(harness, reader.frame(3))
    expect(reader.frames.filter(({ type }) => type === 'change')).toEqual([])
  })
})
