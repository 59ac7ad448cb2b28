import { setTimeout } from 'node:timers/promises'
import { HmsError } from '#libs/contracts'
import { SignatureError } from '#libs/signing'
import { backoffMs } from '../backoff.js'
import type { Clock } from '../clock.js'
import { PinnedRosters } from './pinned-rosters.js'
import type { RosterSource } from './roster-source.js'

export interface OpenRostersOptions {
  pinned: string | Uint8Array | undefined
  source: RosterSource
  cacheDir: string | undefined
  clock: Clock
  random?: () => number
  /** Deadline by the clock's `elapsed`. */
  until: number
}

/** Opens the trusted rosters, before anything is read. A server that is starting is retried until `until`. */
export async function openRosters({ pinned, source, cacheDir, clock, random, until }: OpenRostersOptions): Promise<PinnedRosters> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await PinnedRosters.open(pinned, source, cacheDir)
    } catch (error) {
      if (error instanceof SignatureError)
        throw new HmsError(error.code, error.detail, { status: 422, cause: error, next: ['hms-svc roster show --json'] })
      const waitMs = backoffMs(attempt, random)
      if (!(error instanceof HmsError && error.retryable) || clock.elapsed() + waitMs >= until) throw error
      // Not a timer of the clock, which would not keep the process alive: a caller waits for the result.
      await setTimeout(waitMs)
    }
  }
}
