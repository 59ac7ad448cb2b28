import { HmsError, type PastPolicyView } from '#libs/contracts'
import { isTimestamp } from '#libs/policy'
import { ApiClient } from '../api/api-client.js'
import { bearer } from '../api/authorization.js'
import { readClientConfig } from '../client.config.js'
import { systemClock, type Clock } from '../clock.js'
import { openRosters } from '../trust/open-rosters.js'
import { httpRosters, type PinnedRosters } from '../trust/pinned-rosters.js'
import { verifyPastPolicy, type VerifiedPastPolicy } from './verify-past.js'

export interface PastPoliciesOptions {
  api: ApiClient
  /** Trusted roster, as in `connect`. */
  roster?: string | Uint8Array
  cacheDir?: string
  /** Timeout in ms for the first response of a server that may be starting. Default 5 s. */
  timeoutMs?: number
  clock?: Clock
}

const FIRST_ROSTER_MS = 5_000

/** Reads and verifies policies that were in force at an earlier time. */
export class PastPolicies {
  private constructor(
    private readonly api: ApiClient,
    private readonly rosters: PinnedRosters,
  ) {}

  /** Opens the trusted rosters. Throws the errors of `connect` if no roster is trusted. */
  static async open({
    api,
    roster,
    cacheDir,
    timeoutMs = FIRST_ROSTER_MS,
    clock = systemClock,
  }: PastPoliciesOptions): Promise<PastPolicies> {
    const until = clock.elapsed() + timeoutMs
    return new PastPolicies(api, await openRosters({ pinned: roster, source: httpRosters(api), cacheDir, clock, until }))
  }

  /** Same as `open`, configured by the environment, for `getPolicy`. */
  static fromEnvironment(): Promise<PastPolicies> {
    const { url, token, roster, cacheDir } = readClientConfig()
    return PastPolicies.open({ api: new ApiClient({ url, authorize: token === undefined ? undefined : bearer(token) }), roster, cacheDir })
  }

  /** Reads a past policy. Throws 404 `HMS_POLICY_NOT_FOUND` without one, and 502 `HMS_VERIFY_HISTORY` if it does not verify. */
  async read(id: string, query: PastQuery): Promise<VerifiedPastPolicy & { view: PastPolicyView }> {
    const times = timeParameters(query)
    const view = (await this.api.get('/v1/policies/{id}', { id, ...times })) as PastPolicyView
    // The store may use a newer roster than the known one. If it delivers none that verifies, the last valid one is used.
    await this.rosters.follow().catch(() => undefined)
    const [atMs, knownMs] = [times.at, times.known].map((time) => (time === undefined ? undefined : Date.parse(time)))
    const verifiedQuery = { id, atMs, knownMs, version: query.version }
    try {
      return { view, ...verifyPastPolicy(view, verifiedQuery, this.rosters.all()) }
    } catch (error) {
      if (!(error instanceof HmsError)) throw error
      return { view, ...verifyPastPolicy(view, verifiedQuery, await this.rosters.allEver()) }
    }
  }
}

/** Time or version of the requested policy. */
export interface PastQuery {
  /** Time at which the policy was in force: a date, or RFC 3339 with an offset. */
  at?: Date | string
  /** Time of knowledge: only heads that the store had recorded by then count. Default: now. */
  known?: Date | string
  /** Version to read, instead of a time. */
  version?: string
}

/** Returns the query parameters. Throws 400 `HMS_POLICY_TIME` for an invalid time, before any request. */
export function timeParameters({ at, known, version }: PastQuery): { at?: string; known?: string; version?: string } {
  if (version !== undefined && (at !== undefined || known !== undefined))
    throw wrong('a version does not depend on a time: leave out at and known')
  // With `known` alone, this machine's time is sent as `at`, so that request and verification use the same time.
  return { at: timeText('at', at ?? (known === undefined ? undefined : new Date())), known: timeText('known', known), version }
}

function timeText(name: string, time: Date | string | undefined): string | undefined {
  if (time === undefined) return undefined
  if (time instanceof Date ? !Number.isNaN(time.getTime()) : isTimestamp(time)) return typeof time === 'string' ? time : time.toISOString()
  throw wrong(`${name} must be a time with an offset, RFC 3339, such as 2026-01-01T00:00:00Z, not ${String(time)}`)
}

function wrong(detail: string): HmsError {
  return new HmsError('HMS_POLICY_TIME', detail, { status: 400 })
}
