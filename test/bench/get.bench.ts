import { InMemoryProvider, OpenFeature } from '@openfeature/server-sdk'
import { describe, it } from 'vitest'
import { openConnection } from '../../libs/client/src/connection/connect.js'
import { policyGetter } from '../../libs/client/src/get-policy.js'
import { HmsProvider } from '../../libs/client/src/openfeature/index.js'
import { policyPromise } from '../../libs/client/src/policy-promise.js'
import { nowMs } from './figures.js'
import { POLICY, startPress } from './press-under-load.js'

const WARM_UP = 50_000
const READS = 2_000_000
/** Awaited reads cost more, so fewer of them show a difference. */
const AWAITED_READS = 200_000
const ROUNDS = 5

/** Nanoseconds of one read of a number, beside a field of a frozen object in a map: the best of five rounds, each in its own loop. */
describe('get', () => {
  it('one read', async () => {
    const press = await startPress()
    const connection = await openConnection({ url: press.url, bot: 'bench-1', region: 'NCR' })
    await connection.ready()
    // As `getPolicy`, which takes its address from the environment.
    const getter = policyGetter(async () => connection)
    const getPolicy = (id: string) => policyPromise(getter(id) as Promise<unknown> as Promise<{ limit: number }>)
    const map = new Map<string, { limit: number }>([[POLICY, Object.freeze({ limit: 25 })]])
    await OpenFeature.setProviderAndWait(
      'memory',
      new InMemoryProvider({ limit: { variants: { on: 25 }, defaultVariant: 'on', disabled: false } }),
    )
    await OpenFeature.setProviderAndWait('hms', new HmsProvider({ url: press.url, bot: 'bench-2', region: 'NCR' }))
    const [memory, hms] = [OpenFeature.getClient('memory'), OpenFeature.getClient('hms')]

    const floor = await timed('Map.get and a field', READS, (count) => {
      let sum = 0
      for (let index = 0; index < count; index++) sum += map.get(POLICY)!.limit
      return sum
    })
    const get = await timed('connection.get(id).limit', READS, (count) => {
      let sum = 0
      for (let index = 0; index < count; index++) sum += connection.get(POLICY)['limit'] as number
      return sum
    })
    process.stdout.write(`get/Map.get ${(get / floor).toFixed(1)} (aim 3)\n`)
    await timed('await getPolicy(id).limit', AWAITED_READS, async (count) => {
      let sum = 0
      for (let index = 0; index < count; index++) sum += await getPolicy(POLICY).limit
      return sum
    })
    await timed('OpenFeature SDK over our provider, one field', AWAITED_READS, async (count) => {
      let sum = 0
      for (let index = 0; index < count; index++) sum += await hms.getNumberValue(`${POLICY}.limit`, 0)
      return sum
    })
    await timed('OpenFeature SDK over its in-memory provider', AWAITED_READS, async (count) => {
      let sum = 0
      for (let index = 0; index < count; index++) sum += await memory.getNumberValue('limit', 0)
      return sum
    })
    await OpenFeature.close()
    await connection.close()
    await press.stop()
  })
})

/** Prints and answers nanoseconds a read. Every read must say 25, or it was not one. */
async function timed(label: string, reads: number, loop: (count: number) => number | Promise<number>): Promise<number> {
  await loop(WARM_UP)
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = nowMs()
    const sum = await loop(reads)
    best = Math.min(best, ((nowMs() - startedAt) / reads) * 1e6)
    if (sum !== reads * 25) throw new Error(`${label}: ${sum / reads} instead of 25`)
  }
  process.stdout.write(`${label.padEnd(58)} ${best.toFixed(1).padStart(10)} ns\n`)
  return best
}
