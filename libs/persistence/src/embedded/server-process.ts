import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Account } from './account.js'
import type { Binaries } from './binaries.js'
import type { DatabaseFiles } from './data-folder.js'
import { FAST_STOP_MS } from './orphan.js'
import { openServerLog } from './server-log.js'

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
    if (await within(deadlineMs, exited)) return
  }
  child.kill('SIGKILL')
  await exited
}

async function within(ms: number, event: Promise<unknown>): Promise<boolean> {
  const giveUp = new AbortController()
  const timer = delay(ms, false, { signal: giveUp.signal }).catch(() => false)
  const won = await Promise.race([event.then(() => true), timer])
  giveUp.abort()
  return won
}
