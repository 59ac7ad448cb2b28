import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Clock } from './clock.js'

/** Idle times in ms before the two collections. At one over 5 s after another V8 sees few allocations, and shrinks the young space. */
const [FIRST_MS, SECOND_MS] = [2_000, 6_000]
const MAX_UTILIZATION = 0.1

/**
 * Collects garbage twice, when the process is idle for the first time: V8 then returns the young space that loading the code had grown,
 * 20 of the 90 MB of an edge. In a process that allocates little, V8 does so late or never by itself.
 */
export function shrinkHeapWhenIdle(clock: Clock, idleMs = FIRST_MS): void {
  const before = performance.eventLoopUtilization()
  clock.after(idleMs, () => {
    if (performance.eventLoopUtilization(before).utilization > MAX_UTILIZATION) return shrinkHeapWhenIdle(clock, idleMs)
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    setFlagsFromString('--no-expose-gc')
    collect()
    if (idleMs === FIRST_MS) shrinkHeapWhenIdle(clock, SECOND_MS)
  })
}
