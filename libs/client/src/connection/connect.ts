import { ApiClient } from '../api/api-client.js'
import { bearer } from '../api/authorization.js'
import { readReaderOptions, readUrl, tokenOfServer } from '../client.config.js'
import { systemClock, type Clock } from '../clock.js'
import { optionNames, requireKnownOptions } from '../known-options.js'
import { DiskCopy } from './disk-copy.js'
import { Contact } from './contact.js'
import type { ReaderSession } from './reader-session.js'
import type { TypedConnection } from '../policy-types.js'
import { openRosters } from '../trust/open-rosters.js'
import { unreachable } from '../api/problem-to-error.js'
import { httpRosters } from '../trust/pinned-rosters.js'

/** Options of `connect`; defaults come from the environment. */
export interface ConnectOptions {
  url?: string
  /** Id of the bot. A named bot takes part in canaries, acknowledges applied releases, and may report alerts. */
  bot?: string
  region?: string
  /**
   * Policies of this reader, at most 100. The reader receives these policies and the other policies of their bundles. A policy that does
   * not exist yet is received once it exists. Default: `HMS_POLICIES`, else all.
   */
  policies?: readonly string[]
  token?: string
  /** Folder of the last good copy. Without it, a restart has no values while offline, and may accept older releases. */
  cacheDir?: string
  /**
   * Trusted roster: its file, or its bytes as printed by `hms-svc roster show --json`. If omitted, the roster that a loopback address
   * serves is pinned on first use (in `cacheDir`, else for this connection); any other address is refused with `HMS_ROSTER_REQUIRED`.
   */
  roster?: string | Uint8Array
  /** Timeout in ms until the first copy. Default 10 s. */
  timeoutMs?: number
}

/** Names of the options, for entry points that accept further options. */
export const CONNECT_OPTIONS = optionNames<ConnectOptions>()('url', 'bot', 'region', 'policies', 'token', 'cacheDir', 'roster', 'timeoutMs')

export interface ConnectionPorts {
  clock?: Clock
  random?: () => number
}

/**
 * Opens a connection that keeps a local copy up to date and reconnects indefinitely; only verified documents are applied. Resolves on the
 * first copy, live or from disk; rejects with `HMS_UNREACHABLE`, or the server's refusal. Never keeps the process alive.
 */
export async function connect(options: ConnectOptions = {}): Promise<TypedConnection> {
  requireKnownOptions('connect', options, CONNECT_OPTIONS)
  return openConnection(options)
}

/** Same as `connect`, without the check for unknown options, and with ports that tests replace. */
export async function openConnection(options: ConnectOptions, ports: ConnectionPorts = {}): Promise<ReaderSession> {
  const { config, reader, policies, cacheDir, pinned, timeoutMs } = readReaderOptions(options)
  const url = options.url === undefined ? config.url : readUrl(options.url)
  const token = options.token || tokenOfServer(config, url)
  const disk = cacheDir === undefined ? null : new DiskCopy(cacheDir, url, reader, (error) => connection.emitError(error), policies)
  const { clock = systemClock, random } = ports
  const api = new ApiClient({ url, authorize: token === undefined ? undefined : bearer(token) })
  // Imported here, before the timeout starts, so that a command that only uses HTTP loads a quarter less code.
  const [{ ReaderSession: Session }, { StreamFeed }, { serverTransports }] = await Promise.all([
    import('./reader-session.js'),
    import('./stream-feed.js'),
    import('./link/server-transports.js'),
  ])
  const until = clock.elapsed() + timeoutMs
  const rosters = await openRosters({ pinned, source: httpRosters(api), cacheDir, clock, random, until })
  const contact = new Contact((reason) => unreachable(api.url, reason))
  const connection: ReaderSession = new Session({ reader, policies, api, disk, rosters, clock, contact }, (session) => {
    const target = { url: api.url, reader, policies, token, clock: session.time }
    return new StreamFeed(session, { ...target, transports: serverTransports(target), random })
  })
  return connection.open(Math.max(until - clock.elapsed(), 1))
}
