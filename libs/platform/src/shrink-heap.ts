import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Clock } from './clock.js'

/** V8 counts what was allocated in the last five seconds; above 1 MB a second it does not shrink. */
const IDLE_MS = 6_000
const MAX_UTILIZATION = 0.1

/**
 * Collects garbage once, when the process was idle for the first time: V8 then returns the young space that loading the code had grown,
 * 29 of the 75 MB of an edge. In a process with little to do, V8 alone never gets there.
 */
export function shrinkHeapWhenIdle(clock: Clock): void {
  const before = performance.eventLoopUtilization()
  clock.after(IDLE_MS, () => {
    if (performance.eventLoopUtilization(before).utilization > MAX_UTILIZATION) return shrinkHeapWhenIdle(clock)
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    setFlagsFromString('--no-expose-gc')
    collect()
  })
}
