import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { peekPredicate, type StreamFrame } from '#libs/contracts'
import type { FreshnessPredicate } from '#libs/signing'
import { Follower } from '../testing/follow.suite.js'
import { digestOfRelease, POLICY, startStore } from '../testing/store-harness.suite.js'

const START = Date.parse('2026-01-01T00:00:00Z')
const after = (ms: number): Date => new Date(START + ms)
const FIRST = { policy: POLICY, seq: 1, current: digestOfRelease('1.0.0') }
const SECOND = { policy: POLICY, seq: 2, current: digestOfRelease('2.0.0') }

describe('a freshness statement on heads that readers do not have yet', () => {
  let harness: Awaited<ReturnType<typeof startStore>>
  let reader: Follower
  beforeEach(async () => {
    harness = await startStore()
    await harness.stored(await harness.head())
    await harness.vouch([FIRST], after(0))
    reader = Follower.stream(harness.url)
    expect(seen(await reader.frame(1))).toEqual(['heartbeat', 1, 0])
    await harness.vouch([SECOND], after(1))
  })
  afterEach(() => harness.stop())

  /** Summarises a frame sent to the reader: type, revision, and issue time of its statement. */
  const seen = ({ type, revision, freshness }: StreamFrame): [string, number, number | undefined] => [
    type,
    revision,
    freshness && Date.parse(peekPredicate<FreshnessPredicate>(freshness).issuedAt) - START,
  ]
  /** Collects frames, without empty heartbeats. */
  const news = async (count: number) => {
    const brought: StreamFrame[] = []
    for (let index = 2; brought.length < count; index++) {
      const frame = await reader.frame(index)
      if (frame.type !== 'heartbeat' || frame.freshness !== undefined) brought.push(frame)
    }
    return brought.map((frame) => seen(frame))
  }

  it('is sent in the change with these heads if they arrive over HTTP', async () => {
    await harness.stored(await harness.head({ seq: 2, version: '2.0.0' }))
    expect(await news(1)).toEqual([['change', 2, 1]])
  })

  it('is sent in the change with these heads if they arrive over the bus', async () => {
    await harness.send([await harness.head({ seq: 2, version: '2.0.0' })], 'rollout')
    expect(await news(1)).toEqual([['change', 2, 1]])
  })

  it('waits through other changes, and is not sent to readers that join meanwhile', async () => {
    await harness.stored(await harness.head({ scope: 'region:NCR', version: '2.0.0', share: 500, base: FIRST.current }))
    const late = Follower.stream(harness.url)
    expect([seen(await late.frame(0)), seen(await late.frame(1))]).toEqual([
      ['snapshot', 2, undefined],
      ['heartbeat', 2, 0],
    ])
    await harness.stored(await harness.head({ seq: 2, version: '2.0.0' }))
    expect(await news(2)).toEqual([
      ['change', 2, undefined],
      ['change', 3, 1],
    ])
  })

  it('is sent alone if the heads do not arrive, because readers must learn that they lack them', async () => {
    const advance = (ms: number): void => void harness.clock.advanceTo(harness.clock.now().getTime() + ms)
    advance(4_999)
    await harness.vouch([SECOND], after(4_000))
    advance(1)
    expect(await news(1)).toEqual([['heartbeat', 1, 4_000]])
    await harness.vouch([SECOND], after(5_000))
    advance(5_000)
    expect(await news(2)).toEqual([
      ['heartbeat', 1, 4_000],
      ['heartbeat', 1, 5_000],
    ])
  })

  it('is sent in a heartbeat if the change came first', async () => {
    await harness.stored(await harness.head({ seq: 3, version: '3.0.0' }))
    await harness.vouch([{ policy: POLICY, seq: 3, current: digestOfRelease('3.0.0') }], after(2))
    expect(await news(2)).toEqual([
      ['change', 2, undefined],
      ['heartbeat', 2, 2],
    ])
  })

  it('is recorded on the topic after the documents that it covers', async () => {
    await harness.stored(await harness.head({ seq: 2, version: '2.0.0' }))
    await expect
      .poll(() => harness.recorded('hms.config.state.v1').map(({ key }) => key))
      .toEqual([`${POLICY}@global`, '~freshness', `${POLICY}@global`, '~freshness'])
  })
})
