import { afterEach, beforeEach, expect, it } from 'vitest'
import { STOP_THE_LINE } from '#libs/contracts'
import { FREEZES } from '#libs/stage'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const DAY_MS = 24 * 60 * 60_000

let system: MemorySystem
let press: PipelineDriver
beforeEach(async () => {
  system = await startMemorySystem()
  press = new PipelineDriver(system)
})
afterEach(() => system.stop())

/** Makes the record as old as one that approver deletes. */
async function age(id: string): Promise<void> {
  const declaredAt = new Date(system.clock.now().getTime() - 91 * DAY_MS).toISOString()
  await system.host.runtimes.get('approver')!.database.transaction(async (tx) => {
    const record = await tx.documents(FREEZES).get(id)
    await tx.documents(FREEZES).put({ ...record!, declaredAt })
  })
}

it.each([
  ['itself', STOP_THE_LINE],
  ['another freeze', 'drill'],
])('a freeze whose old record was deleted with the declaration of %s reaches the stages at once', async (_what, deletedWith) => {
  await press.freeze({ id: STOP_THE_LINE })
  await press.lift(STOP_THE_LINE)
  await system.settle()
  await age(STOP_THE_LINE)
  if (deletedWith !== STOP_THE_LINE)
    await press.freeze({ id: deletedWith, until: new Date(system.clock.now().getTime() + 1).toISOString() })
  await press.freeze({ id: STOP_THE_LINE, reason: 'again' })
  await system.settle()
  for (const stage of ['canary-controller', 'rollout'] as const) {
    const { database } = system.host.runtimes.get(stage)!
    expect(await database.transaction((tx) => tx.documents(FREEZES).get(STOP_THE_LINE))).toMatchObject({ reason: 'again', lifted: null })
  }
})
