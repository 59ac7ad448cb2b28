import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { StreamFrame } from '#libs/contracts'
import { advanceRevisionCounter, DOCUMENTS } from './head.table.js'
import { digestOfRelease, POLICY, startStore, type HeadOptions } from '../testing/store-harness.suite.js'

const LEASE_MS = 60_000
const EXPIRES = '2026-01-01T00:01:00Z'
let harness: Awaited<ReturnType<typeof startStore>>
beforeEach(async () => {
  harness = await startStore()
})
afterEach(() => harness.stop())

const snapshot = async () => {
  const { documents } = (await (await fetch(`${harness.url}/v1/snapshot`)).json()) as StreamFrame
  return documents.map(({ id, scope, seq }) => `${id}@${scope} ${seq}`)
}
/** Returns the keys of the compacted topic whose newest record is not a tombstone. */
const onTopic = () => {
  const newest = new Map(harness.recorded('hms.config.state.v1').map(({ key, value }) => [key, value]))
  return [...newest].flatMap(([key, value]) => (value === null || key.startsWith('~') ? [] : [key])).sort()
}
const pass = async (ms: number) => {
  harness.clock.advanceTo(harness.clock.now().getTime() + ms)
  await harness.settle()
}
const store = async (options: HeadOptions) => harness.stored(await harness.head(options))
const canary = (options: HeadOptions = {}) =>
  store({ scope: 'region:NCR', version: '2.0.0', share: 500, base: digestOfRelease('1.0.0'), expires: EXPIRES, ...options })

describe('the document of a canary', () => {
  it('is removed on expiry, so N policies have N documents and N keys on the topic', async () => {
    const policies = Array.from({ length: 12 }, (_, index) => `policy-${index + 10}`)
    for (const policy of policies) {
      await store({ policy })
      await canary({ policy, base: digestOfRelease('1.0.0', policy) })
      await store({ policy, seq: 2, version: '2.0.0' })
    }
    expect(await snapshot()).toHaveLength(24)
    await pass(LEASE_MS)
    expect(await snapshot()).toEqual(policies.map((policy) => `${policy}@global 2`))
    expect(onTopic()).toEqual(policies.map((policy) => `${policy}@global`))
  })

  it('is retained after a take-back until the last lease has expired', async () => {
    await store({})
    await canary()
    await canary({ seq: 2, version: '1.0.0', share: undefined, expires: undefined })
    await pass(LEASE_MS - 1)
    expect(await snapshot()).toEqual([`${POLICY}@global 1`, `${POLICY}@region:NCR 2`])
    await pass(1)
    expect([await snapshot(), onTopic()]).toEqual([[`${POLICY}@global 1`], [`${POLICY}@global`]])
  })

  it('is retained while its lease is renewed', async () => {
    await store({})
    await canary()
    await pass(LEASE_MS / 2)
    await canary({ seq: 2, expires: '2026-01-01T00:02:00Z' })
    await pass(LEASE_MS / 2)
    expect([await snapshot(), onTopic()]).toEqual([
      [`${POLICY}@global 1`, `${POLICY}@region:NCR 2`],
      [`${POLICY}@global`, `${POLICY}@region:NCR`],
    ])
  })

  it('keeps its number after expiry: an older head does not restore it, a newer one does', async () => {
    await store({})
    await canary({ seq: 2 })
    await pass(LEASE_MS)
    expect(await canary({ seq: 1, expires: '2026-01-01T01:00:00Z' })).toMatchObject({ applied: false })
    expect(await snapshot()).toEqual([`${POLICY}@global 1`])
    await canary({ seq: 3, expires: '2026-01-01T01:00:00Z' })
    expect([await snapshot(), onTopic()]).toEqual([
      [`${POLICY}@global 1`, `${POLICY}@region:NCR 3`],
      [`${POLICY}@global`, `${POLICY}@region:NCR`],
    ])
  })

  it('is omitted for a resuming reader after expiry, and so is a policy without another document', async () => {
    await canary({ base: null })
    await pass(LEASE_MS)
    const response = await fetch(`${harness.url}/v1/events?revision=0`)
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    const { value = '' } = await reader.read()
    await reader.cancel()
    expect([await snapshot(), value.includes('"type":"heartbeat"'), value.startsWith('id: 1\n')]).toEqual([[], true, true])
  })

  it('is not served after `recover`, because readers may have seen higher numbers of it; a renewal of a running canary is', async () => {
    await store({})
    await canary()
    const { database } = harness.runtime
    const schedule = () => Promise.reject(new Error('needs no timer'))
    await database.transaction((tx) => advanceRevisionCounter({ tx, by: 100_000, schedule }))
    const rows = async () => {
      const stored = await database.autocommit((tx) => tx.documents(DOCUMENTS).find({ limit: 10 }))
      return stored.map(({ scope, seq, ended = false }) => `${scope} ${seq} ${ended}`).sort()
    }
    expect(await rows()).toEqual(['global 1 false', 'region:NCR 1 true'])
    await canary({ seq: 100_002 })
    expect(await rows()).toEqual(['global 1 false', 'region:NCR 100002 false'])
    expect(await snapshot()).toEqual([`${POLICY}@global 1`, `${POLICY}@region:NCR 100002`])
  })
})
