import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { VirtualClock } from '#libs/platform/testing'
import { RefetchFeed } from './refetch-feed.js'

let feed: RefetchFeed
let server: Server
let counts: number[]
const clock = new VirtualClock()
beforeEach(async () => {
  counts = []
  feed = new RefetchFeed({ clock, life: 'life-1', counted: (readers) => counts.push(readers), random: () => 0.5 })
  server = createServer((request, response) => feed.follow(response, request.headers['last-event-id'] as string | undefined))
  await once(server.listen(0, '127.0.0.1'), 'listening')
})
afterEach(async () => {
  feed.close()
  server.closeAllConnections()
  await once(server.close(), 'close')
})

async function open(lastEventId?: string): Promise<{ response: IncomingMessage; next: () => Promise<string> }> {
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const { port } = server.address() as AddressInfo
  const [response] = (await once(get({ port, host: '127.0.0.1', headers, agent: false }), 'response')) as [IncomingMessage]
  const chunks = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let text = ''
  const next = async (): Promise<string> => {
    while (!text.includes('\n\n')) {
      const { done, value } = await chunks.next()
      if (done === true) return 'end'
      text += value.toString()
    }
    const [frame = '', ...rest] = text.split('\n\n')
    text = rest.join('\n\n')
    return frame
  }
  return { response, next }
}
const refetch = (id: string, data = '{"type":"refetchEvaluation"}'): string => `id: ${id}\nevent: message\ndata: ${data}`

describe('the event stream', () => {
  it.each([undefined, '', 'life-0.0', 'life-1.7', 'anything'])(
    'notifies a reader with the last event id %j immediately, because it may have missed a change',
    async (id) => {
      expect(await (await open(id)).next()).toBe(refetch('life-1.0'))
    },
  )

  it('sends a reader with the newest id only a comment, and then an event with the hint for each change', async () => {
    const reader = await open('life-1.0')
    expect(await reader.next()).toBe(': alive')
    feed.notify('42')
    expect(await reader.next()).toBe(refetch('life-1.1', '{"type":"refetchEvaluation","etag":"42"}'))
    expect(reader.response.headers['content-type']).toBe('text/event-stream')
  })

  it('sends changes made in the same turn as one event', async () => {
    const reader = await open('life-1.0')
    await reader.next()
    for (const hint of ['1', '2', '3']) feed.notify(hint)
    expect(await reader.next()).toContain('id: life-1.3')
    clock.advanceTo(clock.now().getTime() + 2_000)
    expect(await reader.next()).toBe(': alive')
  })

  it('sends a comment every two seconds', async () => {
    const reader = await open('life-1.0')
    await reader.next()
    for (let beats = 0; beats < 5; beats++) {
      clock.advanceTo(clock.now().getTime() + 2_000)
      expect(await reader.next()).toBe(': alive')
    }
  })

  it('counts its readers, and on close sends each a retry time of at least one second', async () => {
    const [one, other] = [await open('life-1.0'), await open('life-1.0')]
    await Promise.all([one.next(), other.next()])
    expect([feed.size, counts]).toEqual([2, [1, 2]])
    feed.close()
    expect(await Promise.all([one.next(), other.next()])).toEqual(['retry: 1000', 'retry: 1000'])
    expect(await Promise.all([one.next(), other.next()])).toEqual(['end', 'end'])
  })
})
