import type { ApprovalRequest, ApprovalView, JsonObject, PreparedApproval, PrepareBreakGlassRequest } from '#libs/contracts'
import type { ApiClient } from '../api/api-client.js'
import { readPreparedFor } from './prepare-approval.js'
import { mismatch } from './read-prepared.js'

/**
 * Requests releases from approver that skip simulation, canary, freezes and waiting, and verifies their policies and reason. Throws
 * `HMS_APPROVAL_MISMATCH` (502) if they differ.
 */
export async function prepareBreakGlass(
  api: ApiClient,
  policies: readonly JsonObject[],
  { reason, author }: { reason: string; author?: string },
): Promise<PreparedApproval> {
  const request: PrepareBreakGlassRequest = { policies: [...policies], reason, ...(author === undefined ? {} : { author }) }
  const { prepared, predicates } = readPreparedFor(await api.post('/v1/break-glass/prepare', request), policies)
  for (const { breakGlass } of predicates) if (breakGlass?.reason !== reason) throw mismatch('no break-glass, or one for another reason')
  return prepared
}

/** Submits all signatures in one request. */
export function submitBreakGlass(
  api: ApiClient,
  { digest }: Pick<PreparedApproval, 'digest'>,
  signatures: readonly ApprovalRequest['signatures'][],
): Promise<ApprovalView> {
  return api.post('/v1/break-glass', { digest, signatures: signatures.flat() })
}
