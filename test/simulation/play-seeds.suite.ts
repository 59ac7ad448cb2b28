import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testIdentity } from '../support/identity.js'
import { forgetEvents, QUICK_SEAL } from './quick-events.js'
import { useQuickSignatures } from './quick-signatures.js'
import { describeFailure, Tally, WAYS } from './report.js'
import { simulate } from './simulate.js'
import { onlySeed, seedCount } from './simulation.config.js'
import { layGround, type Ground } from './harness.js'

/** So many red seeds are enough to see what is wrong. */
const MAX_SHOWN = 3
/** With so many seeds a way in which runs can end, or go past the stages, that never came is a hole in the test. */
const MANY = 400
const ENDS = ['ABORTED', 'FAILED', 'ROLLED_BACK', 'STALE', 'SUCCEEDED', 'SUPERSEDED']

/** Seeds from `first`, every `step`-th: two files play one half each, beside one another. */
export function playSeeds(first: number, step: number): void {
  describe('eight services under seeded faults', () => {
    let ground: Ground
    let restore: () => void

    beforeAll(async () => {
      restore = useQuickSignatures()
      ground = await layGround(await testIdentity(), QUICK_SEAL)
    })

    afterAll(() => restore())

    it('keep every promise, whatever fails when', { timeout: 60_000 + seedCount * 1_000 }, async () => {
      const tally = new Tally()
      const failures: string[] = []
      for (const seed of seedsFrom(first, step)) {
        const outcome = await simulate(seed, ground)
        tally.add(outcome)
        if (outcome.violations.length > 0) failures.push(describeFailure(outcome))
        if (failures.length >= MAX_SHOWN) break
        forgetEvents()
        // The event loop does not turn while a seed is played; the runner needs a sign of life of this worker.
        await new Promise((resolve) => setImmediate(resolve))
      }
      process.stdout.write(`simulation: ${tally.line}\n`)
      expect(failures.join('\n\n')).toBe('')
      if (onlySeed !== undefined || seedCount / step < MANY) return
      expect([...tally.ends.keys()].sort()).toEqual(expect.arrayContaining(ENDS))
      expect([...tally.ways.keys()].sort()).toEqual(expect.arrayContaining([...WAYS]))
    })

    it('do the same again for the same seed', async () => {
      for (const seed of onlySeed === undefined ? [first, first + 10, first + 20] : [onlySeed]) {
        const once = await simulate(seed, ground)
        forgetEvents()
        const again = await simulate(seed, ground)
        forgetEvents()
        expect(again.history).toEqual(once.history)
        expect(again.steps).toBe(once.steps)
      }
    })
  })
}

function* seedsFrom(first: number, step: number): Iterable<number> {
  if (onlySeed !== undefined) yield onlySeed
  else for (let seed = first; seed <= seedCount; seed += step) yield seed
}
