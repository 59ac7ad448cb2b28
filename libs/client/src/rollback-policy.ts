import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type CoverageView, HmsError, type RollbackMove, type RollbackReport, type RollbackResult } from '#libs/contracts'
import { type ApiClient, orMissing } from './api/api-client.js'
import { clientFromEnvironment } from './api/authorization.js'
import { verifyReported } from './live/verify-reported.js'
import { optionNames, requireKnownOptions } from './known-options.js'

/** Timeout in ms of the preview, short because it must not delay a rollback. */
const PREVIEW_MS = 1_500

export interface RollbackOptions {
  /** Reason, stored in the audit log and visible to users of the installation. */
  reason?: string
  /** Reason sent to partners. */
  publicReason?: string
  /** Whether to roll back only this policy of a bundle. */
  only?: boolean
  /** Timeout in ms for acknowledgements. Default 10 s. */
  waitMs?: number
}

/** Report as the server states it. */
export type UnverifiedReport = Omit<RollbackReport, 'verification'>

const OPTIONS = optionNames<RollbackOptions & { url?: string }>()('reason', 'publicReason', 'only', 'waitMs', 'url')

/**
 * Rolls back to `ID@VERSION` and waits for the acknowledgements of the connected bots. `seconds` is the time from the call to the last
 * acknowledgement, or to the timeout. Bots that have not acknowledged by then are in `silent`; the rollback is in force all the same.
 * With the roster of HMS_ROSTER, else of a loopback address, the signed heads are verified. Throws `HMS_VERIFY_PRESENT` (502) for others.
 */
export async function rollbackPolicy(reference: string, options: RollbackOptions & { url?: string } = {}): Promise<RollbackReport> {
  requireKnownOptions('rollbackPolicy', options, OPTIONS)
  const { api, config } = clientFromEnvironment(options.url)
  const { report } = await rollBack(api, reference, options)
  const trust = { pinned: config.roster, cacheDir: config.cacheDir, waitMs: options.waitMs }
  const { verification } = await verifyReported(api, [report, ...(report.moved ?? [])], trust)
  return { ...report, verification }
}

/** Rolls back over a given client. `result` also has the result of each config-store. */
export async function rollBack(
  api: ApiClient,
  reference: string,
  { reason, publicReason, only, waitMs = 10_000 }: RollbackOptions = {},
): Promise<{ report: UnverifiedReport; result: RollbackResult }> {
  const { id, version } = parseReference(reference)
  const startedAt = performance.now()
  const request = { policy: id, version, only, reason, publicReason }
  const result = await api.post('/v1/rollbacks', request, { idempotencyKey: randomUUID() })
  // If no config-store returned a revision, poll for it, because coverage is queried by revision.
  const revision = result.revision > 0 ? result.revision : await revisionOf(api, id, result.digest, waitMs)
  return { report: await reportOf(api, { ...result, id, version, revision }, { startedAt, waitMs }), result }
}

function parseReference(reference: string): { id: string; version: string } {
  const at = reference.indexOf('@')
  if (at > 0 && at < reference.length - 1) return { id: reference.slice(0, at), version: reference.slice(at + 1) }
  throw new HmsError('HMS_REFERENCE_INVALID', `${reference} is not ID@VERSION, such as epa-pm25-limit@1.5.0`, { status: 400 })
}

/** Returns the policies that a rollback would change; `undefined` if the preview fails. The rollback reports what it changed. */
export async function previewRollback(api: ApiClient, reference: string): Promise<RollbackMove[] | undefined> {
  const { id: policy, version } = parseReference(reference)
  try {
    return (await api.get('/v1/rollbacks/preview', { policy, version }, { timeoutMs: PREVIEW_MS })).moved
  } catch {
    return undefined
  }
}

const ANSWER_MS = 5_000
/** Maximum wait in ms of one coverage request, below config-store's limit; a longer wait uses several requests. */
const MAX_REQUEST_WAIT_MS = 10_000

const POLL_MS = 100

type Reversed = Pick<UnverifiedReport, 'id' | 'version' | 'revision' | 'moved'>

/** Reports which bots acknowledged, once all connected bots have, or at the timeout. `startedAt`: a `performance.now` time. */
export async function reportOf(
  api: ApiClient,
  { id, version, revision, moved }: Reversed,
  { startedAt, waitMs }: { startedAt: number; waitMs: number },
): Promise<UnverifiedReport> {
  const others = (moved ?? []).filter((move) => move.id !== id)
  const queryCoverage = (policy: Pick<Reversed, 'id' | 'version'>): Promise<CoverageView> =>
    coverageOf(api, { ...policy, revision }, waitMs)
  const [coverage, ...coverageOfOthers] = await Promise.all([queryCoverage({ id, version }), ...others.map(queryCoverage)])
  const seconds = Math.round(performance.now() - startedAt) / 1000
  const silent = [...new Set([coverage!, ...coverageOfOthers].flatMap(({ lagging }) => lagging.map((bot) => bot.id)))]
  return { id, version, revision, seconds, acknowledged: coverage!.current, silent, ...(moved === undefined ? {} : { moved }) }
}

async function coverageOf(api: ApiClient, { id, version, revision }: Reversed, waitMs: number): Promise<CoverageView> {
  try {
    // A request ends early only when no bot is lagging, so any other request took its full wait.
    for (let leftMs = waitMs; ; leftMs -= MAX_REQUEST_WAIT_MS) {
      const partMs = Math.min(leftMs, MAX_REQUEST_WAIT_MS)
      const coverage = await api.get('/v1/coverage', { policy: id, revision, waitMs: partMs }, { timeoutMs: partMs + ANSWER_MS })
      if (coverage.lagging.length === 0 || leftMs === partMs) return coverage
    }
  } catch (error) {
    const detail = `${id}@${version} is back, but who has it could not be asked: ${(error as Error).message}`
    const status = error instanceof HmsError ? error.status : 500
    throw new HmsError('HMS_ROLLBACK_UNCONFIRMED', detail, { status, next: [`hms-svc get ${id}`], cause: error })
  }
}

/** Polls config-store until this release is in force, a moment after rollout committed the head. Returns the revision. */
export async function revisionOf(api: ApiClient, id: string, digest: string, waitMs: number): Promise<number> {
  for (const until = performance.now() + waitMs; ;) {
    // A withdrawn policy has no release in force before the rollback.
    const asked = orMissing(api.get('/v1/policies/{id}', { id }, { timeoutMs: ANSWER_MS }))
    const view = await asked.catch((error: HmsError) => (error.retryable ? undefined : Promise.reject(error)))
    if (view?.provenance.digest === digest) return view.revision
    if (performance.now() >= until) {
      const detail = `the rollback of ${id} stands, and config-store does not report it yet`
      throw new HmsError('HMS_ROLLBACK_UNCONFIRMED', detail, { status: 504, next: [`hms-svc get ${id}`] })
    }
    await delay(POLL_MS)
  }
}
