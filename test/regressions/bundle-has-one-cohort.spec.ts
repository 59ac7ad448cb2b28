import { expect, it, onTestFinished } from 'vitest'
import type { PolicyView, RollbackResult } from '#libs/contracts'
import { DeafBus } from '../support/deaf-bus.js'
import { startMemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const POLICIES = ['ozone', 'pm25', 'so2'] as const
const READERS = Array.from({ length: 40 }, (_, index) => ({ bot: `bot-${index}`, region: 'NCR' }))
const AT_ONCE = { observeMs: 0, bakeMs: 0 }
const bundle = (version: string, limit: number): string[] => POLICIES.map((id) => `${id}@${version}=${limit}`)

/** Each member drew its own cohort: ten of twenty bots used mixtures of versions that no simulation had replayed. */
it('a bundle has one cohort, and a rollback of one member leaves no reader with the others', async () => {
  const bus = new DeafBus()
  const system = await startMemorySystem({}, bus)
  onTestFinished(() => system.stop())
  const press = new PipelineDriver(system)
  const seenBy = async (reader: (typeof READERS)[number]): Promise<unknown[]> =>
    Promise.all(POLICIES.map(async (id) => (await press.api.get<PolicyView>(`/v1/policies/${id}`, reader)).value['limit']))
  const seen = async (): Promise<string[]> => (await Promise.all(READERS.map(seenBy))).map((limits) => limits.join(' '))

  for (const [version, limit] of [
    ['1.0.0', 40],
    ['1.5.0', 35],
  ] as const)
    for (const id of POLICIES) await press.whenState(await press.approve([`${id}@${version}=${limit}`], AT_ONCE), 'SUCCEEDED')
  const run = await press.approve(bundle('2.0.0', 25), { share: 5_000, observeMs: 600_000, bakeMs: 0 })
  await press.whenState(run, 'CANARY')
  await system.settle()
  const all = await seen()
  expect([...new Set(all)].sort()).toEqual(['25 25 25', '35 35 35'])
  expect(all.filter((limits) => limits === '25 25 25').length).toBeGreaterThan(10)

  // Nobody takes the canary back, and its members were live before by releases of their own.
  bus.deaf.add('canary-controller')
  await press.api.post<RollbackResult>('/v1/rollbacks', { policy: 'pm25', version: '1.0.0' })
  await system.settle()
  expect([...new Set(await seen())]).toEqual(['35 40 35'])
})
