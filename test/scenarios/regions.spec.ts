import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PolicyView } from '#libs/contracts'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const NCR = { share: 10_000, scope: 'region:NCR', observeMs: 60_000, bakeMs: 0 }
const VIRGINIA = { ...NCR, scope: 'region:VA' }
const EVERYWHERE = { ...NCR, scope: 'region:*' }

let system: MemorySystem
let press: PipelineDriver
beforeEach(async () => {
  system = await startMemorySystem()
  press = new PipelineDriver(system)
})
afterEach(() => system.stop())

const stateOf = async (run: number): Promise<string> => (await press.show(run)).state
const seen = async (id: string, reader: { bot?: string; region?: string }): Promise<unknown> =>
  (await press.api.get<PolicyView>(`/v1/policies/${id}`, reader)).value['limit']

/** Each of these bots alerts once, wrongly, and names no policy. */
async function alerts(bots: readonly string[]): Promise<void> {
  for (const [index, bot] of bots.entries()) {
    const reading = { id: `r${index}`, at: '2026-01-01T00:00:00Z', region: 'NCR', pm25: 5 }
    await press.api.post('/v1/alerts', { id: `a${index}`, bot, region: 'NCR', kind: 'Violation', value: 5, reading })
  }
}

describe('one canary per region at a time', () => {
  it('lets the second wait until the first has ended, whatever its policy, and names the first', async () => {
    const first = await press.approve(['pm25@1.0.0=35'], NCR)
    await press.whenState(first, 'CANARY')
    const second = await press.approve(['ozone@1.0.0=70'], NCR)
    await press.whenState(second, 'WAITING')
    const view = await press.show(second)
    expect(view.reason).toBe('REGION_BUSY')
    expect(view.stages.find(({ stage }) => stage === 'canary')!.detail).toBe(
      `waits for run #${first}, which occupies National Capital Region until its bake ends`,
    )
    const elsewhere = await press.approve(['so2@1.0.0=9'], VIRGINIA)
    await press.whenState(elsewhere, 'CANARY')
    await press.reaches(first, 'SUCCEEDED')
    await press.reaches(second, 'SUCCEEDED')
    await press.reaches(elsewhere, 'SUCCEEDED')
  })

  it('lets the second wait until the first has baked, so that an alert without a policy counts in one of them', async () => {
    const first = await press.approve(['pm25@1.0.0=35'], { ...NCR, bakeMs: 40 * 60_000 })
    await press.reaches(first, 'BAKING')
    const second = await press.approve(['ozone@1.0.0=70'], NCR)
    await press.whenState(second, 'WAITING')
    expect(await press.show(second)).toMatchObject({ reason: 'REGION_BUSY' })
    await press.reaches(first, 'SUCCEEDED', 3_600_000)
    await press.whenState(second, 'CANARY')
    await system.settle()
    await alerts(['bot-1', 'bot-2'])
    await press.whenState(second, 'ROLLED_BACK')
    expect(await stateOf(first)).toBe('SUCCEEDED')
  })

  it('continues while a release for all readers is only held until its time', async () => {
    const effective = new Date(system.clock.now().getTime() + 30 * 24 * 3_600_000).toISOString()
    const first = await press.approve(['pm25@1.0.0=35'], NCR, { effective })
    await press.whenState(first, 'CANARY')
    const second = await press.approve(['ozone@1.0.0=70'], NCR)
    await press.reaches(second, 'SUCCEEDED')
    expect(await press.show(first)).toMatchObject({ state: 'WAITING', reason: 'EFFECTIVE_AT' })
  })

  it('goes to the next when the first is aborted, and a canary that waits can be aborted', async () => {
    const first = await press.approve(['pm25@1.0.0=35'], NCR)
    await press.whenState(first, 'CANARY')
    const [second, third] = [await press.approve(['ozone@1.0.0=70'], NCR), await press.approve(['so2@1.0.0=9'], NCR)]
    await press.whenState(third, 'WAITING')
    expect(await press.decide(second, 'abort')).toMatchObject({ state: 'ABORTED' })
    expect(await stateOf(third)).toBe('WAITING')
    await press.decide(first, 'abort')
    await press.whenState(third, 'CANARY')
  })

  it('gives a canary of all regions its turn before later ones', async () => {
    const first = await press.approve(['pm25@1.0.0=35'], NCR)
    await press.whenState(first, 'CANARY')
    const everywhere = await press.approve(['ozone@1.0.0=70'], EVERYWHERE)
    await press.whenState(everywhere, 'WAITING')
    const later = await press.approve(['so2@1.0.0=9'], VIRGINIA)
    await press.whenState(later, 'WAITING')
    await press.reaches(everywhere, 'CANARY')
    expect(await stateOf(later)).toBe('WAITING')
    await press.reaches(later, 'SUCCEEDED', 240_000)
  })
})

describe('a canary of all regions', () => {
  it('is seen by named bots wherever they are, has a place of its own, and leaves the stable head alone', async () => {
    await press.whenState(await press.approve(['pm25@1.0.0=35'], { observeMs: 0, bakeMs: 0 }), 'SUCCEEDED')
    const run = await press.approve(['pm25@2.0.0=25'], EVERYWHERE)
    await press.whenState(run, 'CANARY')
    await system.settle()
    for (const region of ['NCR', 'VA', '']) expect(await seen('pm25', { bot: 'bot-1', region })).toBe(25)
    expect(await press.limit('pm25')).toBe(35)
    expect(await press.show(run)).toMatchObject({
      stages: expect.arrayContaining([expect.objectContaining({ label: 'Canary 100% traffic (all regions)' })]) as object,
    })
    await press.reaches(run, 'SUCCEEDED')
    expect(await press.limit('pm25')).toBe(25)
  })

  it('is rolled back by alerts of two bots in two regions', async () => {
    await press.whenState(await press.approve(['pm25@1.0.0=35'], { observeMs: 0, bakeMs: 0 }), 'SUCCEEDED')
    const run = await press.approve(['pm25@2.0.0=25'], EVERYWHERE)
    await press.whenState(run, 'CANARY')
    await system.settle()
    for (const [index, region] of ['NCR', 'VA'].entries()) {
      const reading = { id: `r${index}`, at: '2026-01-01T00:00:00Z', region, pm25: 5 }
      await press.api.post('/v1/alerts', { id: `a${index}`, bot: `bot-${index}`, region, kind: 'Violation', value: 5, reading })
    }
    await press.whenState(run, 'ROLLED_BACK')
    await system.settle()
    expect(await seen('pm25', { bot: 'bot-1', region: 'VA' })).toBe(35)
  })

  it('waits for a freeze of any region', async () => {
    await press.freeze({ id: 'drill', scope: 'region:BOS' })
    await system.settle()
    const run = await press.approve(['pm25@1.0.0=35'], EVERYWHERE)
    await press.whenState(run, 'WAITING')
    expect(await press.show(run)).toMatchObject({ reason: 'FREEZE' })
  })
})
