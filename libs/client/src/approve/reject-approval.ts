import type { StatementRequest, ApprovalView } from '#libs/contracts'
import { signDecision, type Signer } from '#libs/signing'
import type { ApiClient } from '../api/api-client.js'

/** Submits a person's signed rejection of a waiting approval; its run ends ABORTED (REJECTED). `digest` is the approval's. */
export async function rejectApproval(
  api: ApiClient,
  digest: string,
  reason: string,
  signer: Signer,
  { publicReason }: { /** Reason sent to partners. */ publicReason?: string } = {},
): Promise<ApprovalView> {
  const statement = await signDecision({ subject: digest, decision: 'reject', reason, publicReason, at: new Date() }, signer)
  const request: StatementRequest = { statement }
  return api.post('/v1/approvals/{digest}/decisions', request, { params: { digest } })
}
