import { afterEach, beforeEach, expect, it } from 'vitest'
import { digestOfRelease, POLICY, startStore } from '../testing/store-harness.suite.js'

let harness: Awaited<ReturnType<typeof startStore>>
beforeEach(async () => {
  harness = await startStore()
  await harness.stored(await harness.head())
})
afterEach(() => harness.stop())

const SERVED = { policy: POLICY, seq: 1, current: digestOfRelease('1.0.0') }
/** Sends rollout's statements for half a minute. */
const vouch = async (...heads: (typeof SERVED)[]): Promise<void> => {
  for (let turn = 0; turn < 4; turn++) {
    harness.clock.advanceTo(harness.clock.now().getTime() + 10_000)
    await harness.vouch(heads, harness.clock.now())
    await harness.settle()
  }
}
const concerns = (): string[] => harness.runtime.concerns.all

it('raises an alarm while rollout vouches for other stable heads than those served', async () => {
  await vouch(SERVED)
  expect(concerns()).toEqual([])
  await vouch({ ...SERVED, seq: 2 })
  expect(concerns()).toEqual([expect.stringContaining('(next: hms-svc audit verify)')])
  await vouch(SERVED)
  expect(concerns()).toEqual([])
})

it('raises an alarm for a policy whose row was deleted', async () => {
  await vouch(SERVED, { policy: 'ozone-limit', seq: 7, current: digestOfRelease('1.0.0', 'ozone-limit') })
  expect(concerns()).toHaveLength(1)
})
