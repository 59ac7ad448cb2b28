import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Account } from './account.js'
import type { Binaries } from './binaries.js'

/** Timeout of a fast shutdown (it writes a checkpoint), after which an immediate one follows, which the next start recovers from. */
export const FAST_STOP_MS = 10_000

/**
 * Stops a server left on this cluster by an owner killed with `kill -9`. Stopping is always safe: the caller holds the folder's lock, so no
 * other process uses the server, and a new one has known settings and parent.
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
    // Workers of a killed postmaster exit by themselves; the later signals go to the remaining ones.
    const targets = signal === 'SIGINT' ? running.filter((pid) => pid === main) : running
    for (const pid of targets) sendSignal(pid, signal)
    const end = Date.now() + deadlineMs
    while (serversOn(cluster).length > 0 && Date.now() < end) await delay(20)
  }
  // No server runs, but the pid in a left-over file may belong to another process by now (common in containers): PostgreSQL would take it
  // for a running server and never start.
  if (serversOn(cluster).length === 0) rmSync(pidFile, { force: true })
  return found.length > 0
}

/** Returns the server's processes: postmaster and workers all run in the cluster's folder, which is proof, unlike a recorded pid. */
export function serversOn(cluster: string): number[] {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))
  return pids.map(Number).filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === cluster && readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres'
    } catch {
      return false // exited meanwhile, a zombie, or another user's
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
