import { randomUUID } from 'node:crypto'
import { type PolicyView, type WithdrawalRequest, type WithdrawalResult } from '#libs/contracts'
import { signDecision, type Signer } from '#libs/signing'
import type { ApiClient } from './api/api-client.js'

export interface WithdrawOptions {
  reason: string
  /** What partners are told. */
  publicReason?: string
  signer: Signer
  /** Default: now. */
  at?: Date
}

/** One person's signed wish to retire a policy, about the release that is in force now. Others may have to sign too: see `missing`. */
export async function withdrawPolicy(
  api: ApiClient,
  id: string,
  { reason, publicReason, signer, at = new Date() }: WithdrawOptions,
): Promise<WithdrawalResult> {
  const { provenance } = await api.get<PolicyView>(`/v1/policies/${encodeURIComponent(id)}`)
  const statement = await signDecision({ subject: provenance.digest, decision: 'withdraw', reason, publicReason, at }, signer)
  const request: WithdrawalRequest = { policy: id, statement }
  return api.post<WithdrawalResult>('/v1/withdrawals', request, { idempotencyKey: randomUUID() })
}
