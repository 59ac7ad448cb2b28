import { describe, expect, it, vi } from 'vitest'
import { testIdentity } from '../support/identity.js'
import { forgetEvents } from './quick-events.js'
import { NO_FAULTS } from './faults.js'
import { useQuickSignatures } from './quick-signatures.js'
import { Random } from './random.js'
import { layGround, World } from './world.js'

vi.mock('../../libs/signing/src/event.js', () => import('./quick-events.js'))

describe('slice', () => {
  it('one run', async () => {
    useQuickSignatures()
    const ground = await layGround(await testIdentity())
    const all = process.cpuUsage().user
    for (let seed = 1; seed <= 600; seed++) {
      const started = process.cpuUsage().user
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
      if (seed % 50 === 1) console.log(seed, world.scheduler.steps, ((process.cpuUsage().user - started) / 1000).toFixed(1), world.scheduler.nowMs - Date.parse('2026-01-01T00:00:00Z'))
      forgetEvents()
      await new Promise((resolve) => setImmediate(resolve))
    }
    console.log('cpu ms per seed', (process.cpuUsage().user - all) / 600_000)
    expect(1).toBe(1)
  })
})
