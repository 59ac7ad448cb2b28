import { randomUUID } from 'node:crypto'
import { HmsError, type RollbackMove, type RollbackReport, type RollbackRequest, type RollbackResult } from '#libs/contracts'
import type { ApiClient } from './api/api-client.js'
import { clientFromEnvironment } from './api/authorization.js'
import { requireKnownOptions, type OptionNames } from './known-options.js'
import { reportOf, revisionOf } from './rollback-report.js'

/** Timeout of the preview, which must not delay a rollback. */
const PREVIEW_MS = 1_500

export interface RollbackOptions {
  /** Stored with the log, and visible to users of the installation. */
  reason?: string
  /** Reason sent to partners. */
  publicReason?: string
  /** Only this policy, although it went live in a bundle. */
  only?: boolean
  /** Timeout for acknowledgements. Default 10 s. */
  waitMs?: number
}

const OPTIONS: OptionNames<RollbackOptions & { url?: string }> = { reason: true, publicReason: true, only: true, waitMs: true, url: true }

/**
 * Rolls back to `ID@VERSION` and waits until the connected bots have it. `seconds` is measured from the call to the last acknowledgement,
 * or to the timeout; bots that had not acknowledged by then are in `silent`, and the rollback stands.
 */
export async function rollbackPolicy(reference: string, options: RollbackOptions & { url?: string } = {}): Promise<RollbackReport> {
  requireKnownOptions('rollbackPolicy', options, OPTIONS)
  return (await rollBack(clientFromEnvironment(options.url).api, reference, options)).report
}

/** Rolls back over a given client, and reports each config-store's result. */
export async function rollBack(
  api: ApiClient,
  reference: string,
  { reason, publicReason, only, waitMs = 10_000 }: RollbackOptions = {},
): Promise<{ report: RollbackReport; result: RollbackResult }> {
  const { id, version } = parseReference(reference)
  const startedAt = performance.now()
  const request: RollbackRequest = { policy: id, version, only, reason, publicReason }
  const result = await api.post('/v1/rollbacks', request, { idempotencyKey: randomUUID() })
  // If no config-store returned a revision, poll for it: coverage is queried by revision.
  const revision = result.revision > 0 ? result.revision : await revisionOf(api, id, result.digest, waitMs)
  return { report: await reportOf(api, { ...result, revision }, { startedAt, waitMs }), result }
}

function parseReference(reference: string): { id: string; version: string } {
  const at = reference.indexOf('@')
  if (at > 0 && at < reference.length - 1) return { id: reference.slice(0, at), version: reference.slice(at + 1) }
  throw new HmsError('HMS_REFERENCE_INVALID', `${reference} is not ID@VERSION, such as epa-pm25-limit@1.5.0`, { status: 400 })
}

/** Returns the policies that the rollback would move now; `undefined` if rollout cannot tell. The rollback itself reports what it moved. */
export async function previewRollback(api: ApiClient, reference: string): Promise<RollbackMove[] | undefined> {
  const { id: policy, version } = parseReference(reference)
  try {
    return (await api.get('/v1/rollbacks/preview', { policy, version }, { timeoutMs: PREVIEW_MS })).moved
  } catch {
    return undefined
  }
}
