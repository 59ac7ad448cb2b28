import { type Envelope, HmsError, ROSTERS_AT_ONCE } from '#libs/contracts'
import { nextRoster, readRoster, type Roster, SignatureError } from '#libs/signing'
import type { ApiClient } from '../api/api-client.js'
import { isLoopback } from '../api/loopback.js'

/** Source of rosters. The source is not trusted: each roster is verified against its predecessor. */
export interface RosterSource {
  /** Address or topic, for messages and for the cache file's name. */
  readonly name: string
  /** Returns the successors of `newest`, oldest first. */
  after(newest: Roster): Promise<Envelope[]>
  /** Returns all rosters of the source, oldest first. */
  all?(): Promise<Envelope[]>
  /** Returns the newest roster, to pin on first use; defined for loopback addresses alone, where no intermediary is possible. */
  first?(): Promise<Envelope | undefined>
}

/** Returns a source that reads `GET /v1/roster`. On loopback the server runs on this machine, so its roster may be pinned on first use. */
export function httpRosters(api: ApiClient): RosterSource {
  const since = async (version: number) => (await api.get('/v1/roster', { since: version })).map(({ envelope }) => envelope)
  const after = ({ version }: Roster) => chainSince(version, since)
  const first = async () => (await api.get('/v1/roster')).at(-1)?.envelope
  return { name: api.url, after, all: () => chainSince(0, since), ...(isLoopback(api.url) ? { first } : {}) }
}

/** Origin of the trust. `pinned`: the operator named the roster. `first-use`: a loopback address served it first. */
export type TrustKind = 'pinned' | 'first-use'

type SaveRosters = (rosters: readonly Envelope[]) => Promise<void>

/** Limit of rosters per request: more rotations than occur in a decade. */
const MAX_ROSTERS = 1_000
export const MAX_ROSTER_BYTES = 4 * 1024 * 1024

/** Returns the rosters after a version, oldest first, up to `MAX_ROSTERS`. `page`: returns one response of the service. */
export async function chainSince(version: number, page: (since: number) => Promise<Envelope[]>): Promise<Envelope[]> {
  const found = await page(version)
  return found.length < ROSTERS_AT_ONCE || version >= MAX_ROSTERS ? found : [...found, ...(await chainSince(version + found.length, page))]
}

/** Rosters that a reader trusts: a pinned roster and its verified successors. */
export class PinnedRosters {
  private constructor(
    readonly kind: TrustKind,
    private readonly envelopes: Envelope[],
    private current: Roster,
    private readonly source: RosterSource,
    private readonly save: SaveRosters | undefined,
  ) {}

  /** Verifies `envelopes`, the pinned roster and its known successors. `save`: stores all rosters after each change. */
  static of(kind: TrustKind, envelopes: readonly unknown[], source: RosterSource, save?: SaveRosters): PinnedRosters {
    const [first, ...rest] = envelopes
    const newest = rest.reduce<Roster>((roster, envelope) => nextRoster(roster, envelope), readRoster(first))
    return new PinnedRosters(kind, [...envelopes] as Envelope[], newest, source, save)
  }

  /** Pins the newest roster of a source trusted on first use. Otherwise throws `HMS_ROSTER_REQUIRED`, with the remedy `known`. */
  static async atFirstUse(source: RosterSource, known: { how: string; next: string[] }, save?: SaveRosters): Promise<PinnedRosters> {
    if (source.first === undefined) {
      const detail = `No roster is known for ${source.name}: ${known.how}.`
      throw new HmsError('HMS_ROSTER_REQUIRED', detail, { status: 400, next: known.next })
    }
    const shown = await source.first()
    if (shown === undefined)
      throw new HmsError('HMS_ROSTER_REQUIRED', `${source.name} shows no roster.`, { status: 400, next: ['hms-svc roster show'] })
    const rosters = PinnedRosters.of('first-use', [shown], source, save)
    await save?.(rosters.envelopes)
    return rosters
  }

  get newest(): Roster {
    return this.current
  }

  /** Returns all known rosters, newest first, because earlier statements are judged by the roster of their time. */
  all(): Roster[] {
    const rosters = this.envelopes
      .slice(1)
      .reduce<Roster[]>((known, envelope) => [...known, nextRoster(known.at(-1)!, envelope)], [readRoster(this.envelopes[0])])
    return rosters.toReversed()
  }

  /** Returns all known rosters and all before the pinned roster, which names the first of its installation, so the chain is verifiable. */
  async allEver(): Promise<Roster[]> {
    const known = this.all()
    const pinned = known.at(-1)!
    if (pinned.version === 1 || this.source.all === undefined) return known
    try {
      const steps = (await this.source.all()).slice(0, MAX_ROSTERS)
      const first = readRoster(steps[0])
      const chain = [first]
      for (const envelope of steps.slice(1)) if (chain.at(-1)!.version < pinned.version) chain.push(nextRoster(chain.at(-1)!, envelope))
      const isPinnedChain = first.digest === pinned.installation && chain.at(-1)!.digest === pinned.digest
      return isPinnedChain ? [...known, ...chain.slice(0, -1).toReversed()] : known
    } catch (error) {
      if (error instanceof SignatureError || error instanceof HmsError) return known
      throw error
    }
  }

  /** Fetches the successors of the newest roster. Throws the `SignatureError` of the first invalid one and ignores the rest. */
  async follow(): Promise<void> {
    const before = this.current
    const steps = await this.source.after(before)
    try {
      for (const envelope of steps.slice(0, MAX_ROSTERS)) {
        this.current = nextRoster(this.current, envelope)
        this.envelopes.push(envelope)
      }
    } finally {
      if (this.current !== before) await this.save?.(this.envelopes)
    }
  }
}

/** Converts the refusal of a roster into an error with status 422; returns other errors unchanged. */
export function rosterRefusal(error: unknown): unknown {
  if (!(error instanceof SignatureError)) return error
  return new HmsError(error.code, error.detail, { status: 422, cause: error, next: ['hms-svc roster show --json'] })
}

/** Returns the error for a roster that is unreadable or not JSON. `what`: its file or origin. */
export function unreadableRoster(what: string, cause: unknown): HmsError {
  const next = ['hms-svc roster show --json']
  return new HmsError('HMS_ROSTER_UNREADABLE', `${what} cannot be read as a signed roster.`, { status: 400, cause, next })
}
