import type { ApprovalRequest, ApprovalView, PreparedApproval } from '#libs/contracts'
import type { ApiClient } from '../api/api-client.js'

/** Hands in signatures: again, they change nothing. The answer says whether others are missing, and the run's number. */
export function submitApproval(
  api: ApiClient,
  prepared: Pick<PreparedApproval, 'digest'>,
  signatures: ApprovalRequest['signatures'],
  options: { reason?: string } = {},
): Promise<ApprovalView> {
  const request: ApprovalRequest = { digest: prepared.digest, signatures, reason: options.reason }
  return api.post<ApprovalView>('/v1/approvals', request)
}
