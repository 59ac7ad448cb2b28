import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Clock } from './clock.js'

/** Heap of a process, and how busy its event loop is. */
export interface Heap {
  /** Share of the time since the last call for which the event loop was busy, 0 to 1. */
  busyShare(): number
  /** Bytes of the heap, with its garbage and its free pages, and the used ones of them. */
  size(): { total: number; used: number }
  collect(): void
}

const CHECK_MS = 5_000
/** Pause after a collection, which takes 50 ms: under a light load they take less than a thousandth of a core. */
const PAUSE_MS = 60_000
const IDLE_SHARE = 0.05
/** Free pages that a collection leaves behind, besides a quarter of the used ones. */
const SPARE_BYTES = 4 * 1024 * 1024

/**
 * Collects garbage when the process is idle and its heap has grown since the last collection. V8 collects only while a program allocates:
 * an idle process would keep the garbage of its start or of its last load, 15 to 40 MB.
 */
export function collectWhenIdle(clock: Clock, heap: Heap = processHeap()): void {
  let live = 0
  const check = (): void => {
    const isWorthwhile = heap.busyShare() < IDLE_SHARE && heap.size().total > 1.25 * live + SPARE_BYTES
    if (isWorthwhile) {
      heap.collect()
      live = heap.size().used
    }
    clock.after(isWorthwhile ? PAUSE_MS : CHECK_MS, check)
  }
  clock.after(CHECK_MS, check)
}

export function processHeap(): Heap {
  setFlagsFromString('--expose-gc')
  let before = performance.eventLoopUtilization()
  return {
    busyShare: () => {
      const { utilization } = performance.eventLoopUtilization(before)
      before = performance.eventLoopUtilization()
      return utilization
    },
    size: () => {
      const { heapTotal: total, heapUsed: used } = process.memoryUsage()
      return { total, used }
    },
    // Only a context that is created after the flag has `gc`. The collection of new objects that follows shrinks their space if the first did not.
    collect: () => void runInNewContext('gc(); gc(true)'),
  }
}
