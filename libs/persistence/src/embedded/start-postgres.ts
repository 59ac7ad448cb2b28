import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { statSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, escapeIdentifier } from 'pg'
import { action, HmsError } from '#libs/contracts'
import { describeError } from '#libs/platform'
import { databaseAccount, giveTo, requireReachable } from './account.js'
import { databaseBinaries } from './binaries.js'
import { DATABASE_USER, databaseFiles, type DatabaseFiles, prepareCluster } from './data-folder.js'
import { EmbeddedError } from '#libs/files'
import { hasExited, keepBounded, lastLines, sizeOf, spawnServer, stopOrphan, stopServer } from './server-process.js'
import { createServer } from 'node:net'

export type StartOptions = {
  /** Data folder; the database is in `<folder>/postgres`. The caller holds its lock (acquireFolder). */
  folder: string
  /** Default: the previous port, else any free one. */
  port?: number
  log?: (line: string) => void
  /** Overrides of server settings; tests disable fsync. */
  settings?: Record<string, string>
}

export type EmbeddedPostgres = {
  /** postgres://hms:password@127.0.0.1:port/hms */
  url: string
  port: number
  pid: number
  /** Stops the server; resolves when it has exited. Idempotent. */
  stop(): Promise<void>
  /** Resolves when the server has exited, for any reason. */
  exited: Promise<void>
}

/** Timeout of a start with recovery, which was measured to take 40 s for a large folder on a slow disk. */
const RECOVERED_MS = 300_000
const READY_MS = 30_000
const POLL_MS = 20
const DATABASE = 'hms'
/** SQLSTATE of a server that is starting up: after a crash it syncs its whole folder to disk before it accepts connections. */
const STARTING_UP = '57P03'
const MISSING_DATABASE = '3D000'

/**
 * Starts PostgreSQL on the data folder, creating the cluster if necessary, and resolves when it answers a query. Stops a server left by a
 * killed owner first. Throws `EmbeddedError`.
 */
export async function startPostgres(options: StartOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? (() => undefined)
  const files = databaseFiles(options.folder)
  const account = databaseAccount(files.cluster)
  requireReachable(files.folder, account)
  const binaries = databaseBinaries(files.folder, account)
  if (await stopOrphan(files.cluster, binaries, account)) log('stopped a database server that an earlier process left behind')
  const port = options.port === undefined ? await rememberedPort(files.port) : await requireFree(options.port)
  const password = await prepareCluster(files, binaries.initdb, account)
  if (account && statSync(files.cluster).uid !== account.uid) giveTo(account, files.cluster)
  const url = `postgres://${DATABASE_USER}:${password}@127.0.0.1:${port}/${DATABASE}`
  const logStart = sizeOf(files.log)
  const child = await spawnServer(files, port, binaries, account, options.settings ?? {}).catch((cause: unknown) => {
    throw startFailed(files, `${binaries.postgres} cannot be run: ${String(cause)}`, cause)
  })
  try {
    await untilReady(child, url)
  } catch (cause) {
    await stopServer(child, files.cluster, binaries.pgCtl)
    throw startFailed(files, [String(cause), ...lastLines(files.log, logStart)].join('\n  '), cause)
  }
  writeFileSync(files.port, `${port}\n`)
  const unwatch = keepBounded(files.log)
  const pid = child.pid ?? 0
  log(`database ready on 127.0.0.1:${port} (pid ${pid})`)
  // A second Ctrl-C ends this process at once. The server must not be left running, and it recovers from an immediate shutdown.
  const endWithUs = (): void => void child.kill('SIGQUIT')
  process.once('exit', endWithUs)
  child.once('exit', () => process.off('exit', endWithUs))
  let stopping: Promise<void> | undefined
  const stop = () => (stopping ??= stopServer(child, files.cluster, binaries.pgCtl).finally(unwatch))
  return { url, port, pid, stop, exited: once(child, 'exit').then(() => undefined) }
}

/** Stops a server that a killed owner left on the data folder; call it before emptying the folder: afterwards it cannot be found. */
export async function stopLeftBehind(folder: string): Promise<void> {
  const files = databaseFiles(folder)
  const account = databaseAccount(files.cluster)
  await stopOrphan(files.cluster, databaseBinaries(files.folder, account), account)
}

/** Resolves when our database answers a query with our password: another program on the port cannot do that. */
export async function untilReady(child: Pick<ChildProcess, 'exitCode' | 'signalCode'>, url: string, query = queryOnce): Promise<void> {
  const startedAt = Date.now()
  let last: unknown
  while (Date.now() - startedAt < (hasCode(last, STARTING_UP) ? RECOVERED_MS : READY_MS)) {
    if (hasExited(child)) throw new Error(`the server ended at once (${child.exitCode ?? child.signalCode})`)
    try {
      // A new cluster has an empty database `postgres`; renaming it saves the 0.25 s of copying another.
      if (hasCode(last, MISSING_DATABASE)) await query(new URL('/template1', url).href, `ALTER DATABASE postgres RENAME TO ${DATABASE}`)
      last = undefined
      await query(url, 'SELECT 1')
      return
    } catch (error) {
      // Any error is retried: on a busy machine a single connect may time out.
      last = error
      if (!hasCode(error, MISSING_DATABASE)) await delay(POLL_MS)
    }
  }
  throw new Error(`the server did not answer within ${Math.round((Date.now() - startedAt) / 1000)} s: ${String(last)}`, { cause: last })
}

async function queryOnce(connectionString: string, text: string): Promise<void> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 5_000, query_timeout: 5_000 })
  client.on('error', () => undefined) // reported by the query that fails
  try {
    await client.connect()
    await client.query(text)
  } finally {
    await client.end()
  }
}

/** Creates the database of the URL if it is missing, as its user; returns whether it did. Throws 403 `HMS_DATABASE_NOT_CREATED`. */
export async function createDatabase(url: string): Promise<boolean> {
  // Other failures are reported by what connects next.
  if (!hasCode(await queryOnce(url, 'SELECT 1').catch((error: unknown) => error), MISSING_DATABASE)) return false
  const name = decodeURIComponent(new URL(url).pathname.slice(1))
  const server = Object.assign(new URL(url), { pathname: '/postgres' })
  return queryOnce(server.href, `CREATE DATABASE ${escapeIdentifier(name)}`).then(
    () => true,
    (error: unknown) => {
      // Another process was faster.
      if (hasCode(error, '42P04') || hasCode(error, '23505')) return false
      const detail = `Database ${name}: ${describeError(error)}. Let an administrator create it, or give this user CREATEDB`
      throw new HmsError('HMS_DATABASE_NOT_CREATED', detail, { status: 403, cause: error, next: [action('help.environment')] })
    },
  )
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

async function requireFree(port: number): Promise<number> {
  if ((await tryPort(port)) !== undefined) return port
  throw new EmbeddedError(
    'HMS_DATABASE_PORT_IN_USE',
    `Port ${port} on 127.0.0.1 is taken, so the database cannot use it`,
    'Stop what uses the port, or let the database choose one',
  )
}

function startFailed(files: DatabaseFiles, detail: string, cause: unknown): EmbeddedError {
  return new EmbeddedError(
    'HMS_DATABASE_START_FAILED',
    `The embedded database did not start: ${detail}`,
    `Read ${files.log}, or choose another data folder with --data`,
    { cause },
  )
}

/** Tries to listen on 127.0.0.1; 0 means any free port. @returns the port, or undefined if it is taken */
function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(undefined))
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = probe.address()
      probe.close(() => resolve(address && typeof address === 'object' ? address.port : undefined))
    })
  })
}

/** Returns the port that an earlier start stored; 0 if none can be read. */
function lastPort(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'))
  } catch {
    return 0
  }
}

/** Returns the previous port if it is free, so that a saved URL stays valid; else any free one. */
async function rememberedPort(file: string): Promise<number> {
  const last = lastPort(file)
  const again = last > 0 && last < 65536 ? await tryPort(last) : undefined
  const port = again ?? (await tryPort(0))
  if (!port) throw new Error('no free port on 127.0.0.1')
  return port
}
