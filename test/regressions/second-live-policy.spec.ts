import { afterEach, beforeEach, expect, it } from 'vitest'
import type { SimulationReport, Trial } from '#libs/contracts'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

// A run of one policy once took a second one that is in force for missing: bots of both counted as crashed, and nothing explained their
// alerts.

const AT_ONCE = { observeMs: 0, bakeMs: 0 }
const EVERYONE_OF_NCR = { share: 10_000, scope: 'region:NCR', observeMs: 300_000, bakeMs: 0 }
const BOT = `export const policies = ['pm25', 'ozone']
export default (reading, getPolicy) =>
  reading.pm25 > getPolicy('pm25').limit && reading.o3 > getPolicy('ozone').limit ? { alert: 'Both', value: reading.pm25 } : null`
const SCENARIO =
  'id: both\npolicies: [pm25, ozone]\ncorpus: mixed\nalert: reading.pm25 > policy.pm25.limit && reading.o3 > policy.ozone.limit\n'

let system: MemorySystem
let press: PipelineDriver
beforeEach(async () => {
  system = await startMemorySystem()
  press = new PipelineDriver(system)
  for (const policy of ['pm25@1.0.0=35', 'ozone@1.0.0=60']) await press.whenState(await press.approve([policy], AT_ONCE), 'SUCCEEDED')
  await press.api.post('/v1/bots', { id: 'both', source: BOT })
  await press.api.post('/v1/corpora', { id: 'mixed', format: 'csv', content: 'id,pm25,o3\na,40,70\nb,30,50\nc,30,70\n' })
  await press.api.post('/v1/scenarios', { file: 'both.yaml', source: SCENARIO })
  await system.settle()
})
afterEach(() => system.stop())

const stageOf = async (run: number, stage: string) => (await press.show(run)).stages.find((each) => each.stage === stage)!

async function alert(bot: string, pm25: number, o3: number): Promise<void> {
  const reading = { id: `reading-${bot}-${pm25}-${o3}`, at: '2026-01-01T00:00:00Z', region: 'NCR', pm25, o3 }
  await press.api.post('/v1/alerts', { id: `${bot}-${pm25}-${o3}`, bot, region: 'NCR', kind: 'Both', value: pm25, reading })
}

it('replays bots of a second policy under its version in force, and names that version', async () => {
  const run = await press.approve(['pm25@2.0.0=25'], AT_ONCE)
  await press.whenState(run, 'SUCCEEDED')
  const { verdict, detail } = await stageOf(run, 'simulate')
  expect({ verdict, detail }).toMatchObject({
    verdict: 'PASS',
    detail: expect.stringMatching(/^100\.0% bots adapted, 1\/1; 1 disc/) as string,
  })
  const { report } = await press.api.get<SimulationReport>(`/v1/simulations/${run}`)
  expect(report).toMatchObject({ beside: [{ policy: 'ozone', version: '1.0.0' }] })
})

it('plans the same', async () => {
  const policy = (limit: number, version: string) => ({ id: 'pm25', version, effective: '2024-09-01T00:00:00Z', limit })
  const trial = await press.api.post<Trial>('/v1/simulations', { policies: [policy(25, '2.0.0')], live: [policy(35, '1.0.0')] })
  expect(trial).toMatchObject({ verdict: 'PASS', score: { adapted: 1, applicable: 1 }, skipped: [] })
})

it('explains alerts in the canary by the second policy too', async () => {
  const run = await press.approve(['pm25@2.0.0=25'], EVERYONE_OF_NCR)
  await press.whenState(run, 'CANARY')
  for (const bot of ['bot-1', 'bot-2', 'bot-3']) await alert(bot, 30, 70)
  await system.settle()
  expect(await press.show(run)).toMatchObject({ state: 'CANARY' })
  for (const bot of ['bot-4', 'bot-5']) await alert(bot, 30, 50)
  await press.whenState(run, 'ROLLED_BACK')
  expect(await press.show(run)).toMatchObject({ reason: 'UNEXPLAINED_ALERTS' })
})

it('takes a release that is held for later for what is not in force yet', async () => {
  const effective = new Date(system.clock.now().getTime() + 3_600_000).toISOString()
  const held = await press.approve(['ozone@2.0.0=10'], AT_ONCE, { effective })
  await press.whenState(held, 'WAITING')
  const first = await press.approve(['pm25@2.0.0=25'], AT_ONCE)
  await press.whenState(first, 'SUCCEEDED')
  expect((await press.api.get<SimulationReport>(`/v1/simulations/${first}`)).report).toMatchObject({ beside: [{ version: '1.0.0' }] })
  await press.reaches(held, 'SUCCEEDED', 4_000_000)
  const second = await press.approve(['pm25@3.0.0=20'], AT_ONCE)
  await press.whenState(second, 'SUCCEEDED')
  expect((await press.api.get<SimulationReport>(`/v1/simulations/${second}`)).report).toMatchObject({ beside: [{ version: '2.0.0' }] })
})

it('treats a withdrawn policy as no longer in force', async () => {
  await press.withdraw('ozone')
  await system.settle()
  const run = await press.approve(['pm25@2.0.0=25'], AT_ONCE)
  await press.whenState(run, 'SUCCEEDED')
  expect((await stageOf(run, 'simulate')).detail).toBe('NO_EVIDENCE: ozone neither in this run nor in force')
})
