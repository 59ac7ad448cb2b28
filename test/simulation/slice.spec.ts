import { describe, expect, it, vi } from 'vitest'
import { testIdentity } from '../support/identity.js'
import { forgetEvents } from './quick-events.js'
import { useQuickSignatures } from './quick-signatures.js'
import { simulate } from './simulate.js'
import { layGround } from './world.js'

vi.mock('../../libs/signing/src/event.js', () => import('./quick-events.js'))

describe('slice', () => {
  it('one run', async () => {
    useQuickSignatures()
    const ground = await layGround(await testIdentity())
    const all = process.cpuUsage().user
    const from = Number(process.env['FROM'] ?? 1), to = Number(process.env['TO'] ?? 100)
    let red = 0, runs = 0, deaths = 0, steps = 0
    for (let seed = from; seed <= to; seed++) {
      const started = process.cpuUsage().user
      const o = await simulate(seed, ground)
      runs += o.runs; deaths += o.deaths; steps += o.steps
      if (o.violations.length > 0) {
        red++
        console.log('RED', seed, JSON.stringify(o.violations).slice(0, 700))
        if (process.env['SHOW']) console.log(o.history.join('\n'))
      }
      if ((process.cpuUsage().user - started) > 100_000) console.log('slow', seed, (process.cpuUsage().user - started) / 1000, o.steps, o.virtualMs)
      forgetEvents()
      await new Promise((resolve) => setImmediate(resolve))
    }
    console.log('cpu ms per seed', (process.cpuUsage().user - all) / 1000 / (to - from + 1), 'red', red, 'runs', runs, 'deaths', deaths, 'steps', steps)
    expect(red).toBe(0)
  })
})
