import { afterEach, expect, it } from 'vitest'
import { MemoryBus } from '#libs/messaging/testing'
import { Metrics } from '#libs/platform'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'

let system: MemorySystem | undefined
afterEach(() => system?.stop())

class CountingBus extends MemoryBus {
  asked = 0
  override lag(...groups: Parameters<MemoryBus['lag']>): ReturnType<MemoryBus['lag']> {
    this.asked++
    return super.lag(...groups)
  }
}

it('are collected once a second, however many requests arrive', async () => {
  const bus = new CountingBus()
  system = await startMemorySystem({}, bus)
  const { url, clock } = system
  await Promise.all(Array.from({ length: 40 }, async () => expect((await fetch(`${url}/metrics`)).status).toBe(200)))
  expect(bus.asked).toBe(1)
  clock.advanceTo(clock.now().getTime() + 1_000)
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('hms_svc_outbox_pending')
  expect(bus.asked).toBe(2)
})

it('require a key where the configuration does, with profile dev too', async () => {
  system = await startMemorySystem({ HMS_METRICS: 'key' })
  expect(await (await fetch(`${system.url}/metrics`)).json()).toMatchObject({ status: 401, code: 'HMS_AUTH_REQUIRED' })
  expect((await fetch(`${system.url}/livez`)).status).toBe(200)
})

it('follow the naming of Prometheus: only counters end in _total, and everything has a help text', async () => {
  const { registry } = new Metrics().withProcessMetrics()
  for (const { name, help, type } of await registry.getMetricsAsJSON()) {
    const kind = String(type)
    expect([name, name.endsWith('_total')]).toEqual([name, kind === 'counter'])
    expect([name, /_(bucket|count|sum|info)$/.test(name) && kind === 'counter', help.length > 0]).toEqual([name, false, true])
  }
})

it('contain the utilization of the event loop, without sampling', async () => {
  const page = await new Metrics().withProcessMetrics().render()
  expect(Number(/^hms_svc_event_loop_utilization_ratio (\S+)$/m.exec(page)?.[1])).toBeLessThanOrEqual(1)
  expect(page).not.toContain('nodejs_eventloop_lag_p99_seconds')
  expect(page).toContain('nodejs_eventloop_lag_seconds')
})
