import { fromBase64, toBase64, type ApprovalRequest, type ApprovalView, type PreparedApproval } from '#libs/contracts'
import { pae, signDecision, STATEMENT_TYPE, type Signer } from '#libs/signing'
import type { ApiClient } from '../api/api-client.js'

/** Signs each release of an approval: one DSSE signature per release, over the prepared bytes. */
export async function signApproval(prepared: Pick<PreparedApproval, 'releases'>, signer: Signer): Promise<ApprovalRequest['signatures']> {
  return Promise.all(
    prepared.releases.map(async ({ digest, payload }) => {
      const sig = await signer.sign(pae(STATEMENT_TYPE, fromBase64(payload)))
      return { release: digest, keyid: signer.keyid, sig: toBase64(sig) }
    }),
  )
}

/** Submits signatures; idempotent. The result has the signatures still missing and the run's number. */
export function submitApproval(
  api: ApiClient,
  prepared: Pick<PreparedApproval, 'digest'>,
  signatures: ApprovalRequest['signatures'],
  options: { reason?: string } = {},
): Promise<ApprovalView> {
  return api.post('/v1/approvals', { digest: prepared.digest, signatures, reason: options.reason })
}

/** Submits the signatures of all signers of a break-glass in one request. */
export function submitBreakGlass(
  api: ApiClient,
  { digest }: Pick<PreparedApproval, 'digest'>,
  signatures: readonly ApprovalRequest['signatures'][],
): Promise<ApprovalView> {
  return api.post('/v1/break-glass', { digest, signatures: signatures.flat() })
}

/** Submits a person's signed rejection of the waiting approval `digest`, whose run then ends ABORTED (REJECTED). */
export async function rejectApproval(
  api: ApiClient,
  digest: string,
  reason: string,
  signer: Signer,
  { publicReason }: { /** Reason sent to partners. */ publicReason?: string } = {},
): Promise<ApprovalView> {
  const statement = await signDecision({ subject: digest, decision: 'reject', reason, publicReason, at: new Date() }, signer)
  return api.post('/v1/approvals/{digest}/decisions', { statement }, { params: { digest } })
}
