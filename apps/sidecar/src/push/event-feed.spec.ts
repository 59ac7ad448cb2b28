import { once } from 'node:events'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EventReader } from '../testing/event-reader.js'
import { serveSample, type SampleSidecar } from '../testing/serve-sample.js'

const ID = 'epa-pm25-limit'
let sidecar: SampleSidecar
beforeEach(async () => {
  sidecar = await serveSample()
})
afterEach(() => sidecar.stop())

const open = (lastEventId?: string): Promise<EventReader> => EventReader.open({ port: sidecar.port, host: '127.0.0.1' }, lastEventId)
/** Returns the type of the first frame for a reader whose last seen id is `lastEventId`. */
const firstFor = async (lastEventId?: string): Promise<unknown> => {
  const reader = await open(lastEventId)
  const first = await reader.next()
  reader.close()
  return first?.data['type']
}
/** Opens a reader and resolves after its first frame. */
async function opened(lastEventId?: string): Promise<EventReader> {
  const reader = await open(lastEventId)
  await reader.until(({ event }) => event === 'state')
  return reader
}

describe('a reader of events', () => {
  it('first gets all policies in force under an id, and the state', async () => {
    const reader = await open()
    expect(reader.response.headers['content-type']).toBe('text/event-stream')
    expect(await reader.next()).toEqual({
      id: '4',
      data: { type: 'snapshot', revision: 4, changes: [{ id: ID, version: '1.5.0', scope: 'global' }] },
    })
    expect(await reader.next()).toEqual({ event: 'state', data: { state: 'READY' } })
    reader.close()
  })

  it('gets the changes of a revision in one frame, including policies no longer in force', async () => {
    const reader = await opened()
    sidecar.values.set({ [ID]: '2.0.0', 'ozone-limit': '1.0.0' })
    expect(await reader.next()).toEqual({
      id: '5',
      data: {
        type: 'change',
        revision: 5,
        changes: [
          { id: ID, version: '2.0.0', scope: 'global' },
          { id: 'ozone-limit', version: '1.0.0', scope: 'global' },
        ],
      },
    })
    sidecar.values.set({ [ID]: null })
    expect(await reader.next()).toEqual({ id: '6', data: { type: 'change', revision: 6, changes: [{ id: ID, version: null }] } })
    reader.close()
  })

  it('gets an event without an id when the copy becomes stale, with the reason', async () => {
    const reader = await opened()
    sidecar.values.setState('STALE', { reason: 'not approved', code: 'HMS_HEAD_NOT_APPROVED' })
    sidecar.values.set({ [ID]: '2.0.0' })
    expect((await reader.next())?.id).toBe('5')
    expect(await reader.next()).toEqual({ event: 'state', data: { state: 'STALE', reason: 'not approved', code: 'HMS_HEAD_NOT_APPROVED' } })
    const later = await open()
    await later.next()
    expect((await later.next())?.data).toMatchObject({ state: 'STALE', code: 'HMS_HEAD_NOT_APPROVED' })
    later.close()
    sidecar.values.setState('READY')
    expect(await reader.next()).toEqual({ event: 'state', data: { state: 'READY' } })
    reader.close()
  })

  it('gets a heartbeat every two seconds, with an id that advances without changes', async () => {
    const reader = await opened()
    sidecar.values.revision = 9
    sidecar.clock.advanceTo(sidecar.clock.now().getTime() + 2_000)
    expect(await reader.next()).toEqual({ id: '9', data: { type: 'heartbeat', revision: 9, changes: [] } })
    reader.close()
    expect(await firstFor('9')).toBe('heartbeat')
  })

  it('gets the end of the stream when the side-car stops', async () => {
    const reader = await opened()
    sidecar.feed.close()
    expect(await reader.next()).toBeUndefined()
  })
})

describe('a reader that reconnects', () => {
  it('gets no snapshot when its last id is the newest', async () => {
    ;(await opened()).close()
    expect(await firstFor('4')).toBe('heartbeat')
    expect(await (await EventReader.open({ port: sidecar.port, host: '127.0.0.1', path: '/v1/events?revision=4' })).next()).toMatchObject({
      id: '4',
      data: { type: 'heartbeat' },
    })
  })

  it.each(['3', '40', 'nonsense', ''])('gets all policies in force when its last id is "%s"', async (lastEventId) => {
    ;(await opened()).close()
    expect(await firstFor(lastEventId)).toBe('snapshot')
  })

  it('gets all policies in force after a restart of the side-car, even with the same revision', async () => {
    expect(await firstFor('4')).toBe('snapshot')
  })

  it('gets all policies in force when a lease expired meanwhile without a new revision', async () => {
    ;(await opened()).close()
    sidecar.values.set({ [ID]: '1.4.0' }, 4)
    expect([await firstFor('4'), await firstFor('4')]).toEqual(['snapshot', 'snapshot'])
    sidecar.values.set({ [ID]: '2.0.0' }, 5)
    await Promise.resolve()
    expect(await firstFor('5')).toBe('heartbeat')
  })
})

describe('readers of events', () => {
  it('are limited to 64; one more gets a 503 with a retry time', async () => {
    const readers = await Promise.all(Array.from({ length: 64 }, () => opened()))
    const refused = await open()
    expect([refused.response.statusCode, refused.response.headers['content-type'], refused.response.headers['retry-after']]).toEqual([
      503,
      'application/problem+json',
      '2',
    ])
    refused.close()
    readers[0]!.close()
    while (sidecar.feed.size === 64) await new Promise((resolve) => setImmediate(resolve))
    ;(await opened()).close()
    for (const reader of readers) reader.close()
  })

  it('are disconnected when they do not read, and others are not', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hms-sidecar-'))
    const socketPath = join(folder, 's')
    const local = await serveSample({ socket: socketPath })
    try {
      const call = get({ path: '/v1/events', socketPath, agent: false })
      const [slow] = (await once(call, 'response')) as [NodeJS.ReadableStream]
      slow.pause()
      const quick = await EventReader.open({ socketPath })
      for (let turn = 0; local.feed.size === 2; turn++) {
        if (turn > 10_000) throw new Error('the slow reader is never cut off')
        local.values.set(Object.fromEntries(Array.from({ length: 100 }, (_none, at) => [`policy-${at}`, `${turn}.0.0`])))
        await quick.until(({ data }) => data['revision'] === local.values.revision)
      }
      expect(local.feed.size).toBe(1)
      local.values.set({ [ID]: '9.0.0' })
      expect((await quick.until(({ data }) => data['type'] === 'change')).data['revision']).toBe(local.values.revision)
      call.destroy()
    } finally {
      await local.stop()
      rmSync(folder, { recursive: true })
    }
  })
})
