import { HmsError, type Envelope, type RosterStep } from '#libs/contracts'
import { nextRoster, readRoster, SignatureError, type Roster } from '#libs/signing'
import { isLoopback } from '../api/loopback.js'
import type { RosterKeeper } from '../connection/reader-session.js'
import type { TrustKind } from '../trust/pinned-rosters.js'
import { getJson, type PageFetch } from './page-fetch.js'

export interface PageRostersOptions {
  url: string
  /** As printed by `hms-svc roster show --json`: text, bytes, or parsed. */
  roster: string | Uint8Array | object | undefined
  token: string | undefined
  fetch: PageFetch
}

/** More rotations than occur in a decade; the response size is bounded too. */
const MAX_ROSTERS = 1_000
const MAX_ROSTER_BYTES = 4 * 1024 * 1024

/** Rosters trusted by a page: the given one, and its verified successors. A reloaded page starts with the given one again. */
export class PageRosters implements RosterKeeper {
  private constructor(
    readonly kind: TrustKind,
    private current: Roster,
    private readonly options: PageRostersOptions,
  ) {}

  get newest(): Roster {
    return this.current
  }

  /**
   * Opens the rosters; without a given one, that of a loopback address is trusted. Throws `HMS_ROSTER_REQUIRED`, `HMS_ROSTER_UNREADABLE` or
   * the server's refusal.
   */
  static async open(options: PageRostersOptions): Promise<PageRosters> {
    const { url, roster } = options
    if (roster !== undefined) return new PageRosters('pinned', verified(parse(roster)), options)
    if (!isLoopback(url)) {
      throw new HmsError('HMS_ROSTER_REQUIRED', `No roster is known for ${url}: pass the roster to openBridge.`, {
        status: 400,
        next: ['hms-svc roster show --json > roster.json'],
      })
    }
    const shown = (await steps(options)).at(-1)
    if (shown === undefined)
      throw new HmsError('HMS_ROSTER_REQUIRED', `${url} shows no roster.`, { status: 400, next: ['hms-svc roster show'] })
    return new PageRosters('first-use', verified(shown), options)
  }

  /**
   * Fetches the successors of the newest roster. A step that does not follow is refused with its code, and the steps behind it are ignored.
   */
  async follow(): Promise<void> {
    for (const envelope of await steps(this.options, this.current)) this.current = nextRoster(this.current, envelope)
  }
}

function verified(envelope: Envelope): Roster {
  try {
    return readRoster(envelope)
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error
    throw new HmsError(error.code, error.detail, { status: 422, cause: error, next: ['hms-svc roster show --json'] })
  }
}

async function steps({ url, token, fetch }: PageRostersOptions, newest?: Roster): Promise<Envelope[]> {
  const address = new URL('/v1/roster', url)
  if (newest !== undefined) address.searchParams.set('since', String(newest.version))
  const answer = await getJson(fetch, address.href, token, MAX_ROSTER_BYTES)
  return Array.isArray(answer) ? (answer as RosterStep[]).slice(0, MAX_ROSTERS).map((step) => step?.envelope) : []
}

function parse(roster: string | Uint8Array | object): Envelope {
  try {
    if (roster instanceof Uint8Array) return JSON.parse(new TextDecoder().decode(roster)) as Envelope
    return (typeof roster === 'string' ? JSON.parse(roster) : roster) as Envelope
  } catch (error) {
    throw new HmsError('HMS_ROSTER_UNREADABLE', 'The roster given cannot be read as a signed roster.', {
      status: 400,
      cause: error,
      next: ['hms-svc roster show --json'],
    })
  }
}
