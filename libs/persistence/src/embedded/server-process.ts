import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, renameSync, statSync, truncateSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Account } from './account.js'
import type { Binaries } from './binaries.js'
import type { DatabaseFiles } from './data-folder.js'
import { FAST_STOP_MS } from './orphan.js'

/** Durable by default: a confirmed write survives a power failure. The log contains server messages; statement errors go to the client. */
const SETTINGS: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '64MB',
  fsync: 'on',
  synchronous_commit: 'on',
  max_wal_size: '256MB',
  // parallel workers share memory through /dev/shm, which is often limited to 64 MB in a container
  max_parallel_workers_per_gather: '0',
  log_destination: 'stderr',
  logging_collector: 'off',
  log_min_messages: 'log',
  log_checkpoints: 'off',
  log_line_prefix: '%m [%p] ',
  log_timezone: 'UTC',
  timezone: 'UTC',
}

/** Starts `postgres` in its own process group: Ctrl-C signals the terminal's whole group, but only we stop the server, in order. */
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

/**
 * Stops the server with a fast shutdown: open transactions roll back, a checkpoint is written. After the deadline an immediate one follows;
 * the next start recovers.
 */
export async function stopServer(child: ChildProcess, cluster: string, pgCtl: string): Promise<void> {
  if (hasExited(child)) return
  const exited = once(child, 'exit')
  child.ref()
  for (const [signal, mode, deadlineMs] of [
    ['SIGINT', 'fast', FAST_STOP_MS],
    ['SIGQUIT', 'immediate', 5_000],
  ] as const) {
    // Windows has no such signals; pg_ctl is used there.
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

/**
 * Truncates the log when it exceeds the limit; the server appends, so it continues at the new end. @returns a function that stops watching
 */
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
