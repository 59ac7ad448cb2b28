import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Clock } from './clock.js'

/** Idle time in ms before the collection; over 5 s, as V8 does not shrink a heap that allocated over 1 MB a second in the last 5 s. */
const IDLE_MS = 6_000
const MAX_UTILIZATION = 0.1

/**
 * Collects garbage once, when the process was idle for the first time: V8 then returns the young space that loading the code had grown,
 * 29 of the 75 MB of an edge. In a process that allocates little, V8 never does so by itself.
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
