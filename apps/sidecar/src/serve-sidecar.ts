import { ApiClient, bearer, type HmsConnection, openConnection, readClientConfig } from '#libs/client'
import type { Reader } from '#libs/evaluation'
import { readCorsOrigins } from '#libs/process'
import { createLogger, describeError, type Environment, type Logger, Metrics, systemClock } from '#libs/platform'
import type { HeldValues } from './held-values.js'
import { createSidecarServer } from './sidecar-server.js'
import { listen, type ListenAddress } from './address/listen.js'
import { Flags } from './ofrep/flags.js'
import { EventFeed } from './push/event-feed.js'
import { PolicyReads } from './reads/policies.http.js'
import { readSidecarConfig } from './sidecar.config.js'
import { FileWriter } from './write/file-writer.js'
import { openFiles, type WriteTarget } from './write/written-file.js'

/** Options of the command line; the rest comes from the environment. */
export interface SidecarOptions {
  url?: string
  /** Ids of the policies to read; all by default. */
  policies?: readonly string[]
  address?: ListenAddress
  /** Timeout in ms until the first copy. */
  timeoutMs?: number
  /** Files to write, for programs that can read only files. */
  write?: readonly WriteTarget[]
}

export interface ServedSidecar {
  /** `http://127.0.0.1:PORT`, or the path of the socket. */
  address: string
  upstream: string
  reader: Reader
  state: string
  revision: number
  policies: number
  /** Number of files written from templates. */
  files: number
  stop(): Promise<void>
}

/**
 * Runs a side-car: serves the values of one verified connection on this machine only, once a first copy came from the server or disk.
 * Throws the errors of `connect` if none came, `HMS_PORT_…` and `HMS_SIDECAR_SOCKET_…` for an unavailable address, file errors of `write`.
 */
export async function serveSidecar(env: Environment, options: SidecarOptions = {}): Promise<ServedSidecar> {
  const { port, socket, logLevel } = readSidecarConfig(env)
  const listenAddress = options.address ?? (socket === undefined ? { port } : { socket })
  const { url, bot, region, policies, token, cacheDir, roster } = readClientConfig(env)
  const upstream = options.url ?? url
  const reader = { bot, region }
  const log = createLogger(logLevel, { process: 'sidecar' })
  const origins = readCorsOrigins(env)
  const files = await openFiles(options.write ?? [])
  const connection = await openConnection({
    url: upstream,
    ...reader,
    policies: options.policies ?? policies,
    token,
    cacheDir,
    roster,
    timeoutMs: options.timeoutMs,
  })
  const feed = new EventFeed(connection, systemClock)
  const writer = new FileWriter(files, connection, systemClock, log)
  const reads = new PolicyReads(connection, reader)
  const api = new ApiClient({ url: upstream, authorize: token === undefined ? undefined : bearer(token) })
  const flags = new Flags(connection, reader, systemClock, () => api.get('/v1/schemas'), log)
  const server = createSidecarServer({
    reads,
    feed,
    flags,
    values: connection,
    metrics: sidecarMetrics(connection, () => feed.size + flags.size, writer),
    log,
    overTcp: 'port' in listenAddress,
    origins,
  })
  const stop = async (): Promise<void> => {
    feed.close()
    flags.close()
    await writer.close()
    server.closeAllConnections()
    if (server.listening) await new Promise((closed) => server.close(closed))
    await connection.close()
  }
  try {
    await writer.start()
    flags.schemas.start()
    const address = await listen(server, listenAddress)
    logConnection(connection, log)
    const { state, revision } = connection
    return { address, upstream, reader, state, revision, policies: connection.ids().length, files: writer.size, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Returns the metrics of a side-car, which are computed on each scrape. */
export function sidecarMetrics(values: HeldValues, readersOfEvents: () => number, files: Pick<FileWriter, 'failing'>): Metrics {
  const metrics = new Metrics()
  const gauge = (name: string, help: string, read: () => number): void => {
    const metric = metrics.gauge(`sidecar_${name}`, help)
    metrics.beforeCollect(() => metric.set(read()))
  }
  gauge('ready', '1 while the copy is complete and current, 0 while it may be old', () => (values.state === 'READY' ? 1 : 0))
  gauge('revision', 'Revision of the copy', () => values.revision)
  gauge('policies', 'Policies in force in the copy', () => values.ids().length)
  gauge('age_seconds', 'Time since the server last confirmed the copy; 0 if the copy is empty', () => ageMs(values) / 1_000)
  gauge('subscribers', 'Open event streams', readersOfEvents)
  gauge('files_failing', 'Files whose last write of the values in force failed', () => files.failing)
  return metrics
}

/** Returns the age of all values in ms: the age of the first value, because all values are confirmed together. */
function ageMs(values: HeldValues): number {
  const [first] = values.ids()
  return first === undefined ? 0 : values.explain(first).ageMs
}

const ERROR_PAUSE_MS = 1_000

/** Logs the connection's states and errors: at most one error a second, with a count, because a server can cause any number. */
export function logConnection(connection: Pick<HmsConnection, 'on'>, log: Logger, elapsed: () => number = () => performance.now()): void {
  let [loggedAt, unlogged] = [Number.NEGATIVE_INFINITY, 0]
  connection.on('ready', ({ revision }) => log.info({ revision }, 'the values are complete and current'))
  connection.on('stale', ({ reason, code }) => log.warn({ reason, code }, 'the values may be old'))
  connection.on('error', (error) => {
    unlogged++
    if (elapsed() - loggedAt < ERROR_PAUSE_MS) return
    log.warn(
      { code: (error as { code?: unknown }).code, error: describeError(error), count: unlogged },
      'a document or request was refused, or an operation failed',
    )
    loggedAt = elapsed()
    unlogged = 0
  })
}
