import { performance } from 'node:perf_hooks'
import { afterEach, expect, it, vi } from 'vitest'
import { VirtualClock } from './testing/index.js'
import { shrinkHeapWhenIdle } from './shrink-heap.js'

afterEach(() => void vi.restoreAllMocks())

it('collects garbage once the event loop was idle, again 6 s later, and then no more', async () => {
  const clock = new VirtualClock()
  // A target that was read is kept until the job ends.
  const nextJob = () => new Promise((resolve) => setImmediate(resolve))
  const isCollectedAfter = async (ms: number, utilization: number) => {
    vi.spyOn(performance, 'eventLoopUtilization').mockReturnValue({ utilization, idle: 0, active: 0 })
    const garbage = new WeakRef({})
    await nextJob()
    clock.advanceTo(clock.now().getTime() + ms)
    await nextJob()
    return garbage.deref() === undefined
  }
  shrinkHeapWhenIdle(clock)
  expect(await isCollectedAfter(2_000, 0.5)).toBe(false)
  expect(await isCollectedAfter(2_000, 0.02)).toBe(true)
  expect(await isCollectedAfter(5_000, 0.02)).toBe(false)
  expect(await isCollectedAfter(1_000, 0.02)).toBe(true)
  expect(await isCollectedAfter(60_000, 0.02)).toBe(false)
})
