import { processIds, statOf } from './proc.js'

/** Clock ticks of Linux, the same on all its platforms. */
const TICK_MS = 10

/**
 * Milliseconds of processor time that this process and a database server have used: steadier than rates on a machine that others use too.
 */
export interface CpuTime {
  node: number
  /** Zero where there is no /proc. Sessions that have ended are not in it: keep them open between two readings. */
  database: number
}

export function cpuTime(serverPid: number): CpuTime {
  const { user, system } = process.cpuUsage()
  return { node: (user + system) / 1_000, database: serverMs(serverPid) }
}

/** Of one process, without its children. */
export function processMs(pid: number): number {
  return (statOf(pid)?.ticks ?? 0) * TICK_MS
}

function serverMs(serverPid: number): number {
  let ticks = 0
  for (const pid of processIds()) {
    const stat = statOf(pid)
    if (stat !== undefined && (pid === serverPid || stat.parent === serverPid)) ticks += stat.ticks
  }
  return ticks * TICK_MS
}
