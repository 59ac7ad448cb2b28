import { describe, expect, it } from 'vitest'
import { replay, type ReplayBot } from './replay.js'
import { encodeReport } from './report.js'
import { mergedReport, programsOf, sharesOf } from './shares.js'
import { asset, tightening, virginia } from '../testing/virginia.fixture.js'

const inspector = asset('bots/inspector.js')
const BOTS: ReplayBot[] = [
  { id: 'boston', source: inspector },
  { id: 'albany', source: `${inspector}// another text` },
  { id: 'cairo', source: inspector },
  { id: 'dover', source: asset('bots/hard-coded.js') },
  { id: 'essex', source: 'export const policies = ["other-limit"]\nexport default () => null' },
]
const READINGS = virginia().filter((_reading, index) => index % 16 === 0)

describe('shares of a replay', () => {
  it('keep bots with equal source together, and are at most as many as programs', () => {
    const ids = (count: number): string[][] => sharesOf({ bots: BOTS, scenarios: [] }, count).map(({ bots }) => bots.map(({ id }) => id))
    expect(programsOf(BOTS)).toHaveLength(4)
    expect(ids(2)).toEqual([
      ['boston', 'cairo', 'dover'],
      ['albany', 'essex'],
    ])
    expect(ids(9)).toHaveLength(4)
    expect(ids(1)).toHaveLength(1)
  })

  it('merge into the report of the whole task, byte for byte, in any order of bots and readings', async () => {
    const whole = encodeReport(await replay({ bots: BOTS, scenarios: [tightening(READINGS)] }))
    for (let run = 0; run < 20; run++) {
      const turn = <T>(all: readonly T[]): T[] => all.map((_each, index) => all[(index * 7 + run) % all.length]!)
      // Seven divides neither length, so each turn is another order of all of them.
      const task = { bots: turn(BOTS), scenarios: [tightening(turn(READINGS))] }
      const [first, ...rest] = await Promise.all(sharesOf(task, 1 + (run % 3)).map((share) => replay(share)))
      expect(encodeReport(mergedReport([first!, ...rest]))).toBe(whole)
    }
  })
})
