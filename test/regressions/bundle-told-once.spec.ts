import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemoryBus, MemoryLog } from '#libs/messaging/testing'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

/** Each of 40 events of a bundle of 20 made its stage lock and write all 20: 17 to 20 s where one policy took 1 s. */
describe('a bundle', () => {
  const log = new MemoryLog()
  let system: MemorySystem
  let press: PipelineDriver
  beforeAll(async () => {
    system = await startMemorySystem({}, new MemoryBus(log))
    press = new PipelineDriver(system)
  })
  afterAll(() => system.stop())

  const told = (topic: string): number => log.topic(topic).length
  const eventsOf = async (policies: string[]): Promise<[number, number]> => {
    const before = [told('hms.config.published.v1'), told('hms.config.coverage.v1')] as const
    const run = await press.approve(policies, { observeMs: 0, bakeMs: 0 })
    await system.runUntil(async () => (await press.show(run)).state === 'SUCCEEDED', 60_000)
    return [told('hms.config.published.v1') - before[0], told('hms.config.coverage.v1') - before[1]]
  }

  it('is published as often as one policy, however many it has', async () => {
    const one = await eventsOf(['single@1.0.0=1'])
    const twelve = await eventsOf(Array.from({ length: 12 }, (_, at) => `member-${at}@1.0.0=1`))
    expect(twelve).toEqual(one)
    expect(one[0]).toBe(3)
  })
})
