import { HmsError } from '#libs/contracts'
import type { Clock } from '../clock.js'
import { requireKnownOptions, type OptionNames } from '../known-options.js'
import { Bridge } from './bridge.js'
import { PageRosters } from './copy/page-rosters.js'
import type { Prove } from './copy/prove.js'
import { VerifiedStream } from './copy/verified-stream.js'
import type { OwnWindow } from './frames/windows.js'
import { eventTransport } from './link/event-transport.js'
import type { PageFetch } from './link/page-fetch.js'
import { socketTransport, type PageSocket } from './link/socket-transport.js'
import { readFollowed } from './pane-bounds.js'

export interface BridgeOptions {
  /** Base URL of the server, for example `location.origin`. */
  url: string
  /**
   * Trusted roster, as printed by `hms-svc roster show --json`: text, bytes, or parsed. Without one, that of a loopback address is trusted;
   * any other address is refused with `HMS_ROSTER_REQUIRED`.
   */
  roster?: string | Uint8Array | object
  /** Ids that panes may declare, at most 100; the server sends only these. Default: all. */
  policies?: readonly string[]
  region?: string
  /** API key for reading. A browser sends it only with server-sent events: its WebSocket sends none. */
  token?: string
  /** Timeout for the first verified copy. Default 10 s. */
  timeoutMs?: number
}

/** Environment of the bridge, which tests replace. */
export interface BridgePorts {
  clock: Clock
  prove: Prove
  canVerify(): Promise<boolean>
  fetch: PageFetch
  openSocket(url: string): PageSocket
  /** `undefined` without a window, and so without frames. */
  page: OwnWindow | undefined
  random?: () => number
}

const OPTIONS: OptionNames<BridgeOptions> = { url: true, roster: true, policies: true, region: true, token: true, timeoutMs: true }

const FIRST_COPY_MS = 10_000

export async function openWith(ports: BridgePorts, options: BridgeOptions): Promise<Bridge> {
  requireKnownOptions('openBridge', options, OPTIONS)
  const { url, roster, region, token, timeoutMs = FIRST_COPY_MS } = options
  const { clock, prove, fetch, random } = ports
  const policies = options.policies === undefined ? undefined : readFollowed(options.policies)
  requireUrl(url)
  if (!(await ports.canVerify())) {
    throw new HmsError(
      'HMS_BRIDGE_NO_ED25519',
      'This browser cannot verify Ed25519 here: take Chrome 137, Firefox 129 or Safari 17, and a page from https: or loopback.',
      { status: 400 },
    )
  }
  const rosters = await PageRosters.open({ url, roster, token, fetch, prove })
  const events = eventTransport(fetch)
  const transports = token === undefined ? [socketTransport(ports.openSocket), events] : [events]
  const stream = new VerifiedStream({ url, token, reader: { region }, policies, rosters, transports, clock, prove, random })
  const bridge = new Bridge(stream, clock, policies, ports.page)
  try {
    await stream.open(timeoutMs)
    return bridge
  } catch (error) {
    bridge.close()
    throw error
  }
}

function requireUrl(url: string): void {
  try {
    if (/^https?:$/.test(new URL(url).protocol)) return
  } catch {
    // Not a URL: refused below.
  }
  throw new HmsError('HMS_URL_INVALID', `${String(url).slice(0, 200)} is not an http or https address`, { status: 400 })
}
