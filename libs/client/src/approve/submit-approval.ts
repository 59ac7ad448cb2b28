import type { ApprovalRequest, ApprovalView, PreparedApproval } from '#libs/contracts'
import type { ApiClient } from '../api/api-client.js'

/** Submits signatures; idempotent. The response contains the missing signatures and the run's number. */
export function submitApproval(
  api: ApiClient,
  prepared: Pick<PreparedApproval, 'digest'>,
  signatures: ApprovalRequest['signatures'],
  options: { reason?: string } = {},
): Promise<ApprovalView> {
  const request: ApprovalRequest = { digest: prepared.digest, signatures, reason: options.reason }
  return api.post('/v1/approvals', request)
}
