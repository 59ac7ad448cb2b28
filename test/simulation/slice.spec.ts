import { describe, expect, it } from 'vitest'
import { testIdentity } from '../support/identity.js'
import { NO_FAULTS } from './faults.js'
import { useQuickSignatures } from './quick-signatures.js'
import { Random } from './random.js'
import { layGround, World } from './world.js'

describe('slice', () => {
  it('one run', async () => {
    useQuickSignatures()
    const ground = await layGround(await testIdentity())
    for (let seed = 1; seed <= 300; seed++) {
      const started = performance.now()
      const world = new World(ground, new Random(seed), { rates: NO_FAULTS, maxDeaths: 0, environment: {} })
      world.start()
      await world.scheduler.run(async () => {
        const run = await world.press.approve({ policies: [{ id: 'pm25', version: '1.0.0', effective: '2024-09-01T00:00:00Z', limit: 25 }], plan: { observeMs: 1000, bakeMs: 1000 }, queue: true })
        for (;;) {
          const view = await world.press.show(run)
          if (view?.state === 'SUCCEEDED') break
          await world.scheduler.sleep(100)
          if (world.scheduler.nowMs > Date.parse('2026-01-01T00:05:00Z')) { console.log(world.history.lines.join('\n'), JSON.stringify(view)); throw new Error('stuck') }
        }
      })
      if (seed % 50 === 1) console.log(seed, world.scheduler.steps, (performance.now() - started).toFixed(1), world.scheduler.nowMs - Date.parse('2026-01-01T00:00:00Z'))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(1).toBe(1)
  })
})
