import { HmsError, type RosterStep } from '#libs/contracts'
import type { VerifiedLive } from '#libs/policy'
import type { Clock } from '#libs/platform'
import type { Roster } from '#libs/signing'
import type { Answer, Read } from './answer.js'

/** Reads of one page that trust no service. */
export interface Verified {
  /** Returns the releases in force of these policies. Never rejects: a release that does not verify is returned with the reason. */
  verified(ids: readonly string[]): Promise<Map<string, VerifiedLive>>
  /** Returns the newest trusted roster. Rejects if no roster is trusted. */
  trusted(): Promise<Roster>
}

export interface VerifiedReads {
  /** Sends a new request each time, and returns the response unchanged. */
  read: Read
  /** File of the roster that this process is pinned to. Without it, the roster of a loopback address is trusted, as in the SDK. */
  roster: string | undefined
  /** Base URL of approver. */
  url: string
  clock: Pick<Clock, 'now'>
}

/** A person waits for the page. */
const WAIT_MS = 2_500

export function verifiedReads({ read, roster, url, clock }: VerifiedReads): Verified {
  const stepsOf = async (query: string) => loaded(await read<RosterStep[]>(`/v1/roster${query}`)).map(({ envelope }) => envelope)
  const snapshot = async (ids: readonly string[]) => loaded(await read<unknown>(`/v1/snapshot?revision=0&policies=${ids.join()}`))
  const open = async () => {
    const { isLoopback, openRosters, systemClock } = await import('#libs/client')
    const time = { ...systemClock, now: () => clock.now().getTime() }
    const source = {
      name: url,
      after: ({ version }: { version: number }) => stepsOf(`?since=${version}`),
      ...(isLoopback(url) ? { first: async () => (await stepsOf('')).at(-1) } : {}),
    }
    const rosters = await openRosters({ pinned: roster, source, cacheDir: undefined, clock: time, until: 0 })
    await rosters.follow().catch(() => undefined)
    return { rosters, time }
  }
  let opened: ReturnType<typeof open> | undefined
  const trust = () => (opened ??= open())
  return {
    trusted: async () => (await trust()).rosters.newest,
    verified: async (ids) => {
      const { readLive, unverified } = await import('#libs/client')
      try {
        const { rosters, time } = await trust()
        return await readLive(ids, { rosters, snapshot, clock: time, waitMs: WAIT_MS })
      } catch (error) {
        return unverified(ids, error)
      }
    },
  }
}

function loaded<T>(answer: Answer<T>): T {
  if (answer.kind === 'loaded') return answer.value
  const isAway = answer.kind === 'away'
  throw new HmsError('HMS_UNREACHABLE', isAway ? `${answer.service} ${answer.detail}` : answer.detail, { status: 503, retryable: isAway })
}
