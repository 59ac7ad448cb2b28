import { randomUUID } from 'node:crypto'
import { HmsError, type CoverageView, type RollbackReport, type RollbackRequest, type RollbackResult } from '#libs/contracts'
import { ApiClient } from './api/api-client.js'
import { authorizationFrom } from './api/authorization.js'
import { readClientConfig, readUrl } from './client.config.js'

export interface RollbackOptions {
  reason?: string
  /** This policy alone, although it went live in a bundle. */
  only?: boolean
  /** How long to wait for acknowledgements. Default 10 s. */
  waitMs?: number
}

const ANSWER_MS = 5_000
/** Below what config-store waits for at most; a longer wait is several questions. */
const LONGEST_QUESTION_MS = 10_000

/**
 * Brings `ID@VERSION` back and waits until the connected bots have it. `seconds` runs from the call to the last
 * acknowledgement, or to the end of the wait; bots that had not answered by then are in `silent`, and the rollback stands.
 */
export async function rollbackPolicy(reference: string, options: RollbackOptions & { url?: string } = {}): Promise<RollbackReport> {
  const config = readClientConfig()
  const url = options.url === undefined ? config.url : readUrl(options.url)
  const { report } = await rollBack(new ApiClient({ url, authorize: authorizationFrom({ ...config, url }) }), reference, options)
  return report
}

/** The same over a given client, with what each config-store said. */
export async function rollBack(
  api: ApiClient,
  reference: string,
  { reason, only, waitMs = 10_000 }: RollbackOptions = {},
): Promise<{ report: RollbackReport; result: RollbackResult }> {
  const { id, version } = parseReference(reference)
  const startedAt = performance.now()
  const request: RollbackRequest = { policy: id, version, only, reason }
  const result = await api.post<RollbackResult>('/v1/rollbacks', request, { idempotencyKey: randomUUID() })
  const coverage = await coverageOf(api, result, waitMs)
  const seconds = Math.round(performance.now() - startedAt) / 1000
  const silent = coverage.lagging.map((bot) => bot.id)
  const report = { id: result.id, version: result.version, revision: result.revision, seconds, acknowledged: coverage.current, silent }
  return { report, result }
}

async function coverageOf(api: ApiClient, { id, version, revision }: RollbackResult, waitMs: number): Promise<CoverageView> {
  try {
    // A question ends early only when nobody lags behind, so each one takes its time off the wait.
    for (let leftMs = waitMs; ; leftMs -= LONGEST_QUESTION_MS) {
      const askMs = Math.min(leftMs, LONGEST_QUESTION_MS)
      const coverage = await api.get<CoverageView>(
        '/v1/coverage',
        { policy: id, revision, waitMs: askMs },
        { timeoutMs: askMs + ANSWER_MS },
      )
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

function parseReference(reference: string): { id: string; version: string } {
  const at = reference.indexOf('@')
  if (at > 0 && at < reference.length - 1) return { id: reference.slice(0, at), version: reference.slice(at + 1) }
  throw new HmsError('HMS_REFERENCE_INVALID', `${reference} is not ID@VERSION, such as epa-pm25-limit@1.5.0`, { status: 400 })
}
