import { constants, performance, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { afterEach, expect, it, onTestFinished, vi } from 'vitest'
import { VirtualClock } from './testing/index.js'
import { shrinkHeapWhenIdle } from './shrink-heap.js'

afterEach(() => void vi.restoreAllMocks())

it('collects garbage once the event loop was idle, again 6 s later, and then no more', async () => {
  const clock = new VirtualClock()
  const nextJob = () => new Promise((resolve) => setImmediate(resolve))
  // V8 collects by itself at any time; a collection that code requested is marked as forced.
  let forced = 0
  const observer = new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries() as (PerformanceEntry & { detail: { flags: number } })[])
      if ((detail.flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0) forced++
  })
  observer.observe({ entryTypes: ['gc'] })
  onTestFinished(() => observer.disconnect())
  const isCollectedAfter = async (ms: number, utilization: number) => {
    vi.spyOn(performance, 'eventLoopUtilization').mockReturnValue({ utilization, idle: 0, active: 0 })
    const before = forced
    clock.advanceTo(clock.now().getTime() + ms)
    for (let job = 0; job < 5; job++) await nextJob()
    return forced > before
  }
  shrinkHeapWhenIdle(clock)
  expect(await isCollectedAfter(2_000, 0.5)).toBe(false)
  expect(await isCollectedAfter(2_000, 0.02)).toBe(true)
  expect(await isCollectedAfter(5_000, 0.02)).toBe(false)
  expect(await isCollectedAfter(1_000, 0.02)).toBe(true)
  expect(await isCollectedAfter(60_000, 0.02)).toBe(false)
})
