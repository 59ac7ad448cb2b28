import { describe, expect, it } from 'vitest'
import { lateJoiners, addCount, type BotCount } from './late-joiners.js'

const ACKNOWLEDGE_MS = 30_000
const at = (seconds: number) => ({ now: new Date(seconds * 1_000), acknowledgeMs: ACKNOWLEDGE_MS })

/** Expected and acknowledged bots, by second. */
function late(until: number, ...story: [second: number, expected: number, acknowledged: number][]): number {
  const counts = story.reduce<BotCount[]>(
    (before, [second, expected, acknowledged]) => addCount(before, { expected, acknowledged }, at(second)),
    [],
  )
  const [, expected, acknowledged] = story.at(-1)!
  return lateJoiners(counts, { expected, acknowledged }, at(until))
}

describe('given a fleet whose bots have acknowledged', () => {
  it.each<[string, number, [number, number, number][], number]>([
    [
      'a silent bot joins just before the end, then it is late',
      100,
      [
        [0, 80, 80],
        [98, 81, 80],
      ],
      1,
    ],
    [
      'it joined as long before as bots may take, then it is not',
      128,
      [
        [0, 80, 80],
        [98, 81, 80],
      ],
      0,
    ],
    [
      'the end comes soon after the heads, then it is late too',
      10,
      [
        [0, 80, 0],
        [1, 80, 80],
        [8, 81, 80],
      ],
      1,
    ],
    [
      'a bot leaves and comes back silent, then it is no joiner',
      100,
      [
        [0, 80, 80],
        [80, 79, 79],
        [98, 80, 79],
      ],
      0,
    ],
    [
      'bots crash, come back and stay silent, then none is a joiner',
      200,
      [
        [0, 80, 80],
        [150, 40, 40],
        [171, 80, 40],
        [172, 40, 40],
        [190, 80, 40],
      ],
      0,
    ],
    [
      'others join and acknowledge, then those silent since the beginning are not late',
      100,
      [
        [0, 80, 40],
        [98, 120, 80],
      ],
      0,
    ],
    [
      'most of the fleet joins and is silent, then none is late',
      100,
      [
        [0, 10, 10],
        [98, 40, 10],
      ],
      0,
    ],
    [
      'no bot was there before, then none is late',
      100,
      [
        [0, 0, 0],
        [98, 1, 0],
      ],
      0,
    ],
  ])('when %s', (_what, until, story, expected) => {
    expect(late(until, ...story)).toBe(expected)
  })
})

describe('given a fleet without counts', () => {
  it('when bots are silent, then none is a late joiner', () => {
    expect(lateJoiners([], { expected: 80, acknowledged: 79 }, at(0))).toBe(0)
  })

  it('when its counts change all the time, then a bounded number is stored, and no bot becomes a late joiner by that', () => {
    const counts = Array.from({ length: 500 }, (_, index) => index).reduce<BotCount[]>(
      (before, index) => addCount(before, { expected: index % 2 === 0 ? 80 : 79, acknowledged: 79 }, at(50 + index / 100)),
      [],
    )
    expect(counts).toHaveLength(64)
    expect(lateJoiners(counts, { expected: 80, acknowledged: 79 }, at(55))).toBe(0)
  })
})
