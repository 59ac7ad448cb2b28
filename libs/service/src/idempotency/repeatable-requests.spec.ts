import { describe, expect, it } from 'vitest'
import { MemoryDatabase } from '#libs/persistence/testing'
import { VirtualClock } from '#libs/platform/testing'
import { REPEATABLE_REQUESTS } from './repeatable-request.table.js'
import { type KeyedCall, keyedCall, RepeatableRequests } from './idempotency-keys.js'

const BODY = Buffer.from('{"a":1}')
const DAY_MS = 24 * 60 * 60 * 1000

function harness() {
  const clock = new VirtualClock()
  const database = new MemoryDatabase(clock)
  return {
    database,
    requests: new RepeatableRequests(database),
    pass: (ms: number) => clock.advanceTo(clock.now().getTime() + ms),
    kept: () => database.transaction((tx) => tx.documents(REPEATABLE_REQUESTS).count()),
  }
}
const call = (key = 'k', body = BODY, safely = false, caller = 'chief'): KeyedCall => keyedCall(key, caller, '/v1/tokens', body, safely)
const code = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => value ?? 'goes on',
    (error: { code: string }) => error.code,
  )

describe('a request with an Idempotency-Key', () => {
  it('gets its stored response for a day, and is executed again after that', async () => {
    const { requests, pass } = harness()
    const first = call()
    expect(await code(requests.begin(first))).toBe('goes on')
    await requests.settle(first, 201, '{"id":"x"}')
    pass(DAY_MS - 1)
    expect(await requests.begin(call())).toEqual({ status: 201, json: '{"id":"x"}' })
    pass(1)
    expect(await code(requests.begin(call()))).toBe('goes on')
  })

  it('with another body is refused, whether or not the first has completed', async () => {
    const { requests } = harness()
    const first = call()
    await requests.begin(first)
    const other = (): Promise<unknown> => code(requests.begin(call('k', Buffer.from('{}'), true)))
    expect(await other()).toBe('HMS_HTTP_KEY_REUSED')
    await requests.settle(first, 200, '{}')
    expect(await other()).toBe('HMS_HTTP_KEY_REUSED')
  })

  it('of another caller, or to another path, is a separate request', async () => {
    const { requests } = harness()
    await requests.begin(call())
    expect(await code(requests.begin(call('k', BODY, false, 'counsel')))).toBe('goes on')
    expect(await code(requests.begin(keyedCall('k', 'chief', '/v1/bots', BODY, false)))).toBe('goes on')
  })

  it('is executed once when several arrive at the same time', async () => {
    const { requests } = harness()
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => code(requests.begin(call()))))
    expect(outcomes.filter((outcome) => outcome === 'goes on')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'HMS_HTTP_KEY_BUSY')).toHaveLength(19)
  })

  it('is taken over once after the lease of the first attempt, whose later result changes nothing', async () => {
    const { requests, pass } = harness()
    const first = call()
    await requests.begin(first)
    pass(15_000)
    const second = call()
    expect(await code(Promise.all([requests.begin(second), code(requests.begin(call()))]))).toEqual([undefined, 'HMS_HTTP_KEY_BUSY'])
    await requests.release(first)
    await requests.settle(first, 200, '{"by":"first"}')
    await requests.settle(second, 200, '{"by":"second"}')
    expect((await requests.begin(call()))?.json).toBe('{"by":"second"}')
  })

  it('that was refused may be sent again, with the same or another body', async () => {
    const { requests } = harness()
    const first = call()
    await requests.begin(first)
    await requests.release(first)
    expect(await code(requests.begin(call('k', Buffer.from('{}'))))).toBe('goes on')
  })

  it('does not wait for an active attempt if its handler detects repeats itself', async () => {
    const { requests } = harness()
    await requests.begin(call('k', BODY, true))
    expect(await code(requests.begin(call('k', BODY, true)))).toBe('goes on')
  })

  it('is not stored with a response of more than a million characters', async () => {
    const { requests, kept } = harness()
    const first = call()
    await requests.begin(first)
    await requests.settle(first, 200, 'x'.repeat(1024 * 1024 + 1))
    expect(await kept()).toBe(0)
  })

  it('above ten thousand replaces the oldest of the same caller, and none of other callers', async () => {
    const { requests, database, kept, pass } = harness()
    await requests.begin(call('theirs', BODY, false, 'counsel'))
    await database.transaction(async (tx) => {
      for (let n = 0; n < 10_000; n++) {
        const { id, caller, body, claim } = call(String(n))
        const at = new Date(tx.now.getTime() + DAY_MS + n).toISOString()
        await tx.documents(REPEATABLE_REQUESTS).put({ id, caller, body, claim, leaseUntil: at, expiresAt: at })
      }
    })
    await requests.begin(call('one more'))
    expect(await kept()).toBe(1 + 10_000 - 50 + 1)
    expect(await code(requests.begin(call('theirs', BODY, false, 'counsel')))).toBe('HMS_HTTP_KEY_BUSY')
    pass(2 * DAY_MS)
    await requests.begin(call('later'))
    expect(await kept()).toBe(1 + 10_000 - 100 + 2)
  })
})
