import { HmsError } from '#libs/contracts'
import type { Clock } from '../clock.js'
import { optionNames, requireKnownOptions } from '../known-options.js'
import { Contact } from '../connection/contact.js'
import { ReaderSession } from '../connection/reader-session.js'
import { StreamFeed } from '../connection/stream-feed.js'
import { Bridge } from './bridge.js'
import type { PageFetch } from './page-fetch.js'
import { openPageRosters } from './page-rosters.js'
import { pageEvents, pageSocket, type PageSocket } from './page-transports.js'
import { parsePolicyIds } from './pane-bounds.js'
import type { OwnWindow } from './frames/messages.js'
import { unreachable } from '../api/problem-to-error.js'

export interface BridgeOptions {
  /** Base URL of the server, for example `location.origin`. */
  url: string
  /**
   * Trusted roster, as printed by `hms-svc roster show --json`: text, bytes, or parsed. If omitted, the roster that a loopback address
   * serves is trusted on first use; any other address is refused with `HMS_ROSTER_REQUIRED`.
   */
  roster?: string | Uint8Array | object
  /** Ids that panes may declare, at most 100; the server sends only these. Default: all. */
  policies?: readonly string[]
  region?: string
  /** API key for reading. A page with a key uses server-sent events only, because a browser's WebSocket cannot send one. */
  token?: string
  /** Timeout in ms for the first verified copy. Default 10 s. */
  timeoutMs?: number
}

/** Environment of the bridge, which tests replace. */
export interface BridgePorts {
  clock: Clock
  fetch: PageFetch
  openSocket(url: string): PageSocket
  /** `undefined` without a window, and so no iframes. */
  page: OwnWindow | undefined
  random?: () => number
}

const OPTIONS = optionNames<BridgeOptions>()('url', 'roster', 'policies', 'region', 'token', 'timeoutMs')

const FIRST_COPY_MS = 10_000

export async function openWith(ports: BridgePorts, options: BridgeOptions): Promise<Bridge> {
  requireKnownOptions('openBridge', options, OPTIONS)
  const { url, roster, region, token, timeoutMs = FIRST_COPY_MS } = options
  const { clock, fetch, openSocket, random } = ports
  const policies = options.policies === undefined ? undefined : parsePolicyIds(options.policies)
  const { origin } = requireUrl(url)
  const rosters = await openPageRosters(fetch, url, roster, token)
  const contact = new Contact((reason) => unreachable(url, reason), clock.after.bind(clock))
  const reader = { region }
  const session = new ReaderSession({ reader, policies, disk: null, rosters, clock, contact }, (own) => {
    const target = { url: origin, reader, policies, token, clock: own.time }
    const events = pageEvents(target, fetch)
    const transports = token === undefined ? { stream: pageSocket(target, openSocket), events } : { events }
    return new StreamFeed(own, { ...target, transports, random, isPage: true })
  })
  const bridge = new Bridge(session, clock, policies, ports.page)
  try {
    await session.open(timeoutMs)
    return bridge
  } catch (error) {
    bridge.close()
    throw error
  }
}

function requireUrl(url: string): URL {
  try {
    const address = new URL(url)
    if (/^https?:$/.test(address.protocol)) return address
  } catch {
    // Not a URL; refused below.
  }
  throw new HmsError('HMS_URL_INVALID', `${String(url).slice(0, 200)} is not an http or https address`, { status: 400 })
}
