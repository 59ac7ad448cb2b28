import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Account } from './account.js'
import type { Binaries } from './binaries.js'
import type { DatabaseFiles } from './data-folder.js'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Settings of the server: a confirmed write survives a power failure; the log has server messages, statement errors go to the client. */
const SETTINGS: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '64MB',
  fsync: 'on',
  synchronous_commit: 'on',
  max_wal_size: '256MB',
  // No parallel workers: they share memory through /dev/shm, which is often limited to 64 MB in a container.
  max_parallel_workers_per_gather: '0',
  log_destination: 'stderr',
  logging_collector: 'off',
  log_min_messages: 'log',
  log_checkpoints: 'off',
  log_line_prefix: '%m [%p] ',
  log_timezone: 'UTC',
  timezone: 'UTC',
}

/** Starts `postgres` in its own process group, which the terminal's Ctrl-C does not signal: only this process stops the server. */
export async function spawnServer(
  files: DatabaseFiles,
  port: number,
  binaries: Binaries,
  account: Account | undefined,
  extra: Record<string, string>,
): Promise<ChildProcess> {
  const settings = Object.entries({ ...SETTINGS, ...extra, port: String(port) }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const log = openServerLog(files.log)
  try {
    const child = spawn(binaries.postgres, ['-D', files.cluster, ...settings], {
      ...account,
      cwd: files.cluster,
      detached: true,
      windowsHide: true,
      stdio: ['ignore', log, log],
    })
    await once(child, 'spawn')
    child.unref()
    return child
  } finally {
    closeSync(log)
  }
}

export function hasExited(child: Pick<ChildProcess, 'exitCode' | 'signalCode'>): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** Shuts the server down fast (rollbacks, checkpoint); after a deadline immediately, which makes the next start recover. */
export async function stopServer(child: ChildProcess, cluster: string, pgCtl: string): Promise<void> {
  if (hasExited(child)) return
  const exited = once(child, 'exit')
  child.ref()
  for (const [signal, mode, deadlineMs] of [
    ['SIGINT', 'fast', FAST_STOP_MS],
    ['SIGQUIT', 'immediate', 5_000],
  ] as const) {
    // Windows lacks these signals; pg_ctl is used there.
    if (process.platform === 'win32') execFile(pgCtl, ['stop', '-D', cluster, '-m', mode, '-W'], () => undefined)
    else child.kill(signal)
    // The child keeps the process alive; the timer does not.
    if (await Promise.race([exited, delay(deadlineMs, undefined, { ref: false })])) return
  }
  child.kill('SIGKILL')
  await exited
}

const LOG_LIMIT_BYTES = 4 * 1024 * 1024
const CHECK_EVERY_MS = 60_000

/** Opens the server's log for appending; a log over the limit becomes `<file>.1` first. @returns its descriptor */
export function openServerLog(file: string): number {
  if (sizeOf(file) > LOG_LIMIT_BYTES) renameSync(file, `${file}.1`)
  return openSync(file, 'a', 0o600)
}

/** Truncates the log above the limit; the server appends, so it continues at the new end. Returns a function that stops watching. */
export function keepBounded(file: string): () => void {
  const timer = setInterval(() => {
    if (sizeOf(file) > LOG_LIMIT_BYTES) truncateSync(file)
  }, CHECK_EVERY_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** Returns the last lines since byte `from`, at most `count`. */
export function lastLines(file: string, from: number, count = 8): string[] {
  const text = readFileSync(file).subarray(from).toString('utf8')
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count)
}

export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

/** Timeout of a fast shutdown, which writes a checkpoint. An immediate shutdown follows, from which the next start recovers. */
export const FAST_STOP_MS = 10_000

/**
 * Stops a server that an owner killed with `kill -9` left on this cluster; returns whether there was one. Always safe: the caller has the
 * folder's lock, so no other process uses the server, and a new server has known settings and a known parent.
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
    // SIGINT goes to the postmaster only; later signals go to all remaining processes. Workers of a killed postmaster exit by themselves.
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

/** Returns the pids of postmaster and workers: the `postgres` processes in the cluster's folder. A recorded pid may be reused. */
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
    // The process ended before the signal.
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
