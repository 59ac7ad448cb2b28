import { setTimeout as delay } from 'node:timers/promises'
import { HmsError, type CoverageView, type RollbackReport } from '#libs/contracts'
import { orMissing, type ApiClient } from './api/api-client.js'

const ANSWER_MS = 5_000
/** Below config-store's maximum wait; a longer wait uses several requests. */
const LONGEST_QUESTION_MS = 10_000

const LOOK_MS = 100

type Reversed = Pick<RollbackReport, 'id' | 'version' | 'revision' | 'moved'>

/**
 * Reports which bots have the reverted policies, once all connected ones acknowledged or the wait is over. `startedAt` is a time of
 * `performance`.
 */
export async function reportOf(
  api: ApiClient,
  { id, version, revision, moved }: Reversed,
  { startedAt, waitMs }: { startedAt: number; waitMs: number },
): Promise<RollbackReport> {
  const others = (moved ?? []).filter((move) => move.id !== id)
  const ask = (policy: Pick<Reversed, 'id' | 'version'>): Promise<CoverageView> => coverageOf(api, { ...policy, revision }, waitMs)
  const [coverage, ...besides] = await Promise.all([ask({ id, version }), ...others.map(ask)])
  const seconds = Math.round(performance.now() - startedAt) / 1000
  const silent = [...new Set([coverage!, ...besides].flatMap(({ lagging }) => lagging.map((bot) => bot.id)))]
  return { id, version, revision, seconds, acknowledged: coverage!.current, silent, ...(moved === undefined ? {} : { moved }) }
}

async function coverageOf(api: ApiClient, { id, version, revision }: Reversed, waitMs: number): Promise<CoverageView> {
  try {
    // A request ends early only when no bot is behind, so each one reduces the wait by its full time.
    for (let leftMs = waitMs; ; leftMs -= LONGEST_QUESTION_MS) {
      const askMs = Math.min(leftMs, LONGEST_QUESTION_MS)
      const coverage = await api.get('/v1/coverage', { policy: id, revision, waitMs: askMs }, { timeoutMs: askMs + ANSWER_MS })
      if (coverage.lagging.length === 0 || leftMs === askMs) return coverage
    }
  } catch (error) {
    const why = (error as Error).message
    throw new HmsError('HMS_ROLLBACK_UNCONFIRMED', `${id}@${version} is back, but who has it could not be asked: ${why}`, {
      status: error instanceof HmsError ? error.status : 500,
      next: [`hms-svc get ${id}`],
      cause: error,
    })
  }
}

/** Returns the first revision of config-store with this release in force. It may appear a moment after rollout has committed the head. */
export async function revisionOf(api: ApiClient, id: string, digest: string, waitMs: number): Promise<number> {
  for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
    // A withdrawn policy has no release in force before.
    const view = await orMissing(api.get('/v1/policies/{id}', { id }))
    if (view?.provenance.digest === digest) return view.revision
    if (waitedMs >= waitMs) {
      const detail = `the rollback of ${id} stands, and config-store does not have it yet`
      throw new HmsError('HMS_ROLLBACK_UNCONFIRMED', detail, { status: 504, next: [`hms-svc get ${id}`] })
    }
    await delay(LOOK_MS)
  }
}
