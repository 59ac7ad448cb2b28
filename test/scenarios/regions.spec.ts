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

describe('one canary per region at a time', () => {
  it('lets the second wait until the first is over, whatever its policy, and says for whom', async () => {
    const first = await press.approve(['pm25@1.0.0=35'], NCR)
    await press.whenState(first, 'CANARY')
    const second = await press.approve(['ozone@1.0.0=70'], NCR)
    await press.whenState(second, 'WAITING')
    const view = await press.show(second)
    expect(view.reason).toBe('REGION_BUSY')
    expect(view.stages.find(({ stage }) => stage === 'canary')!.detail).toBe(
      `waits for run #${first}, whose canary is in National Capital Region`,
    )
    const elsewhere = await press.approve(['so2@1.0.0=9'], VIRGINIA)
    await press.whenState(elsewhere, 'CANARY')
    await press.reaches(first, 'SUCCEEDED')
    await press.reaches(second, 'SUCCEEDED')
    await press.reaches(elsewhere, 'SUCCEEDED')
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

  it('gives a canary of all regions its turn before those that come after it', async () => {
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

  it('is taken back by alerts of two bots in two regions', async () => {
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
