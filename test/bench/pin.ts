import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'
import { processIds, statOf } from './proc.js'

export const SERVER_CORE = 0
const CLIENT_CORE = 1

/**
 * Gives a server, with all processes that it started, one core, and this process the other. `false` where that cannot be: one core alone,
 * or no `taskset`.
 */
export function pin(server: number, core: number): boolean {
  if (cpus().length < 2) return false
  // One that ended meanwhile needs none.
  for (const pid of family(server)) give(pid, core)
  return give(server, core) && give(process.pid, CLIENT_CORE)
}

function give(pid: number, core: number): boolean {
  return spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', String(core), String(pid)], { stdio: 'ignore' }).status === 0
}

/** The process with all below it. */
function family(root: number): Set<number> {
  const parents = new Map(processIds().map((pid) => [pid, statOf(pid)?.parent]))
  const found = new Set([root])
  for (let size = 0; size !== found.size;) {
    size = found.size
    for (const [pid, parent] of parents) if (parent !== undefined && found.has(parent)) found.add(pid)
  }
  return found
}
