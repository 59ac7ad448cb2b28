import { performance } from 'node:perf_hooks'
import { afterEach, expect, it, vi } from 'vitest'
import { VirtualClock } from './testing/index.js'
import { shrinkHeapWhenIdle } from './shrink-heap.js'

afterEach(() => void vi.restoreAllMocks())

it('collects garbage once the event loop was idle, and not before', async () => {
  const clock = new VirtualClock()
  const utilizationIs = (utilization: number) =>
    vi.spyOn(performance, 'eventLoopUtilization').mockReturnValue({ utilization, idle: 0, active: 0 })
  const garbage = new WeakRef({})
  // A target that was read is kept until the job ends.
  const isCollected = () => new Promise<boolean>((resolve) => setImmediate(() => resolve(garbage.deref() === undefined)))
  shrinkHeapWhenIdle(clock)
  utilizationIs(0.5)
  await isCollected()
  clock.advanceTo(clock.now().getTime() + 6_000)
  expect(await isCollected()).toBe(false)
  utilizationIs(0.02)
  await new Promise((resolve) => setImmediate(resolve))
  clock.advanceTo(clock.now().getTime() + 6_000)
  expect(await isCollected()).toBe(true)
})
