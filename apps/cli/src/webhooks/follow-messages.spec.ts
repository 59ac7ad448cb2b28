import type { ApiClient } from '#libs/client'
import type { DeliveryView } from '#libs/contracts'
import { describe, expect, it } from 'vitest'
import { type FeedPosition, followMessages, type FollowOptions, currentPosition } from './follow-messages.js'

/** Creates a notifier that responds as `GET /v1/deliveries` does, and a receiver beside it. */
function createFixture() {
  const made: DeliveryView[] = []
  let isDown = false
  const get = async (path: string, query: { id?: string; since?: string; before?: string; limit?: number } = {}): Promise<unknown> => {
    if (isDown) throw new Error('not reachable')
    if (path !== '/v1/deliveries') return { body: `body of ${query.id}` }
    const sorted = made.toSorted((a, b) => (a.createdAt === b.createdAt ? (a.id < b.id ? 1 : -1) : a.createdAt < b.createdAt ? 1 : -1))
    const rest = query.before === undefined ? sorted : sorted.slice(sorted.findIndex(({ id }) => id === query.before) + 1)
    return rest.filter(({ createdAt }) => createdAt >= (query.since ?? '')).slice(0, query.limit)
  }
  const client = { get } as unknown as ApiClient
  const accepted: string[] = []
  const log: string[] = []
  const statuses: number[] = []
  const steps: (() => void)[] = []
  const savedPositions: FeedPosition[] = []
  const options: FollowOptions = {
    client,
    partner: undefined,
    forward: async ({ id, body }) => {
      const status = statuses.shift() ?? 204
      if (status < 300) accepted.push(`${id} ${body}`)
      return { ok: status < 300, detail: String(status), acknowledged: false }
    },
    // Each wait runs the next step of the fixture; after the last one the listener stops.
    wait: async (ms) => {
      log.push(`wait ${ms}`)
      steps.shift()?.()
      return steps.length > 0
    },
    onReady: () => log.push('ready'),
    onForwarded: ({ messageId }, { detail }) => log.push(`${messageId} ${detail}`),
    onError: (error) => log.push((error as Error).message),
    savePosition: async (position) => void savedPositions.push(position),
  }
  return {
    client,
    options,
    accepted,
    log,
    statuses,
    savedPositions,
    make: (id: string, second: number, messageId = id) =>
      made.push({ id, messageId, createdAt: new Date(second * 1_000).toISOString() } as DeliveryView),
    down: (value: boolean) => (isDown = value),
    play: (...next: (() => void)[]) => steps.push(...next, () => {}),
  }
}

describe('a listener', () => {
  it('starts after the existing messages, and forwards new ones once each, in order', async () => {
    const { client, options, make, play, accepted, log } = createFixture()
    for (let each = 0; each < 700; each++) make(`old-${each}`, 1_000)
    const start = await currentPosition(client, undefined, 'whsec_')
    play(
      () => [make('b', 1_002), make('a', 1_001)],
      () => make('c', 1_003),
    )
    await followMessages(options, start)
    expect(accepted).toEqual(['a body of a', 'b body of b', 'c body of c'])
    expect(log[0]).toBe('ready')
  })

  it('forwards a message that was committed late, after a newer one', async () => {
    const { client, options, make, play, accepted } = createFixture()
    const start = await currentPosition(client, undefined, 'whsec_')
    play(
      () => make('second', 1_030),
      () => make('first', 1_000),
    )
    await followMessages(options, start)
    expect(accepted).toEqual(['second body of second', 'first body of first'])
  })

  it('resumes where the previous one ended, with the message that was not accepted', async () => {
    const { client, options, make, play, accepted, statuses, savedPositions } = createFixture()
    const start = await currentPosition(client, undefined, 'whsec_')
    for (const [id, second] of [
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ] as const)
      make(id, second + 100)
    statuses.push(204, 500)
    await followMessages(options, start)
    expect(accepted).toEqual(['a body of a'])
    play()
    await followMessages(options, savedPositions.at(-1)!)
    expect(accepted).toEqual(['a body of a', 'b body of b', 'c body of c'])
  })

  it('posts a refused message again after increasing waits, before the next message', async () => {
    const { client, options, make, play, statuses, log } = createFixture()
    const start = await currentPosition(client, undefined, 'whsec_')
    make('a', 101)
    make('b', 102)
    statuses.push(500, 500, 204)
    play(
      () => {},
      () => {},
      () => {},
    )
    await followMessages(options, start)
    expect(log.slice(0, 8)).toEqual(['ready', 'a 500', 'wait 2000', 'a 500', 'wait 4000', 'a 204', 'b 204', 'wait 1000'])
  })

  it('is ready once the service has responded, and keeps polling if it is unreachable later', async () => {
    const { options, make, play, down, log, accepted } = createFixture()
    const start: FeedPosition = { newest: new Date(100_000).toISOString(), seen: [], secret: 'whsec_' }
    down(true)
    await expect(followMessages(options, start)).rejects.toThrow('not reachable')
    expect(log).toEqual([])
    down(false)
    play(
      () => down(true),
      () => [down(false), make('a', 101)],
    )
    await followMessages(options, start)
    expect(log.slice(0, 5)).toEqual(['ready', 'wait 1000', 'not reachable', 'wait 2000', 'a 204'])
    expect(accepted).toEqual(['a body of a'])
  })

  it('forwards a message of several channels once', async () => {
    const { client, options, make, play, accepted } = createFixture()
    const start = await currentPosition(client, undefined, 'whsec_')
    play(() => [make('m.webhook', 101, 'm'), make('m.email', 101, 'm')])
    await followMessages(options, start)
    expect(accepted).toHaveLength(1)
  })
})
