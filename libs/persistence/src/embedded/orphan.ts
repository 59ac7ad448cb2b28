import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Account } from './account.js'
import type { Binaries } from './binaries.js'

/** How long a fast shutdown may take (it writes a checkpoint) before an immediate one, which the next start recovers from. */
export const FAST_STOP_MS = 10_000

/**
 * Ends a server that an owner killed with `kill -9` left on this cluster. Stopping is always right: the caller holds the
 * folder's lock, so nobody else uses the server, and a new one has settings and parent that we know.
 * @returns whether there was one
 */
export async function stopOrphan(cluster: string, binaries: Binaries, account: Account | undefined): Promise<boolean> {
  return process.platform === 'linux' ? stopByProc(cluster) : stopByPgCtl(cluster, binaries.pgCtl, account)
}

async function stopByProc(cluster: string): Promise<boolean> {
  const pidFile = join(cluster, 'postmaster.pid')
  const found = serversOn(cluster)
  for (const [signal, deadlineMs] of [
    ['SIGINT', FAST_STOP_MS],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const) {
    const running = serversOn(cluster)
    if (running.length === 0) break
    const main = postmasterPid(pidFile)
    // Workers whose postmaster was killed leave by themselves; the later signals go to those that are left.
    const targets = signal === 'SIGINT' ? running.filter((pid) => pid === main) : running
    for (const pid of targets) sendSignal(pid, signal)
    const end = Date.now() + deadlineMs
    while (serversOn(cluster).length > 0 && Date.now() < end) await delay(20)
  }
  // Nothing runs here, but the number in a left-over file may since belong to another process (usual in containers):
  // PostgreSQL would take that for a running server and refuse to start, for ever.
  if (serversOn(cluster).length === 0) rmSync(pidFile, { force: true })
  return found.length > 0
}

/** Every postgres process, postmaster or worker, works in its cluster's folder; that is proof where a recorded pid is not. */
export function serversOn(cluster: string): number[] {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))
  return pids.map(Number).filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === cluster && readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres'
    } catch {
      return false // gone meanwhile, a zombie, or another user's
    }
  })
}

function postmasterPid(pidFile: string): number | undefined {
  try {
    return Number(readFileSync(pidFile, 'utf8').split('\n')[0])
  } catch {
    return undefined
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // it ended between being found and being signalled
  }
}

async function stopByPgCtl(cluster: string, pgCtl: string, account: Account | undefined): Promise<boolean> {
  const run = promisify(execFile)
  const succeeds = (...args: string[]) =>
    run(pgCtl, [...args, '-D', cluster], { ...account }).then(
      () => true,
      () => false,
    )
  if (!(await succeeds('status'))) return false
  if (!(await succeeds('stop', '-m', 'fast', '-w', '-t', String(FAST_STOP_MS / 1000)))) await succeeds('stop', '-m', 'immediate', '-w')
  return true
}
