import { afterEach, beforeEach, expect, it } from 'vitest'
import type { RunState } from '#libs/contracts'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

/** Longer than a stage may take beyond its plan: the deadline of the run counted from what was planned, and ended what people extended. */
const BY_MS = 120_000

let system: MemorySystem
let press: PipelineDriver
beforeEach(async () => {
  system = await startMemorySystem({ HMS_APPROVER_STAGE_DEADLINE: '60s' })
  press = new PipelineDriver(system)
})
afterEach(() => system.stop())

it.each<[RunState, { observeMs: number; bakeMs: number }]>([
  ['CANARY', { observeMs: 10_000, bakeMs: 0 }],
  ['BAKING', { observeMs: 0, bakeMs: 10_000 }],
])('a run that people extended in %s continues until then', async (state, plan) => {
  const run = await press.approve(['pm25@1.0.0=35'], plan)
  await press.reaches(run, state)
  await system.settle()
  await press.decide(run, 'extend', 'EPA Chief', 'look longer', BY_MS)
  await press.passes(BY_MS - 10_000)
  expect(await press.show(run)).toMatchObject({ state, decisions: [{ decision: 'extend', outcome: 'applied' }] })
  await press.reaches(run, 'SUCCEEDED')
})
