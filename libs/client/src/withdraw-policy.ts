import { randomUUID } from 'node:crypto'
import { type WithdrawalRequest, type WithdrawalResult } from '#libs/contracts'
import { digestOfPayload, readRelease, signDecision, type Signer } from '#libs/signing'
import type { ApiClient } from './api/api-client.js'
import { mismatch } from './approve/read-prepared.js'

export interface WithdrawOptions {
  reason: string
  /** Reason sent to partners. */
  publicReason?: string
  signer: Signer
  /** Default: now. */
  at?: Date
}

/** Submits a person's signed withdrawal of the release in force. Others may have to sign too: see `missing`. */
export async function withdrawPolicy(
  api: ApiClient,
  id: string,
  { reason, publicReason, signer, at = new Date() }: WithdrawOptions,
): Promise<WithdrawalResult> {
  const subject = await releaseInForce(api, id)
  const statement = await signDecision({ subject, decision: 'withdraw', reason, publicReason, at }, signer)
  const request: WithdrawalRequest = { policy: id, statement }
  return api.post('/v1/withdrawals', request, { idempotencyKey: randomUUID() })
}

/**
 * Returns the digest of the release in force, computed from its bytes, which must be of this policy: a digest that only the store names
 * could be that of another policy's release, and the signature would withdraw that one. Throws `HMS_APPROVAL_MISMATCH` (502).
 */
async function releaseInForce(api: ApiClient, id: string): Promise<string> {
  const { provenance } = await api.get('/v1/policies/{id}', { id })
  const { documents } = await api.get('/v1/snapshot', { policies: id })
  const releases = documents.flatMap(({ release, next }) => [release, next?.release ?? null]).filter((release) => release !== null)
  const found = releases.find((release) => digestOfPayload(release) === provenance.digest)
  if (found !== undefined && readRelease(found).predicate.policy.id === id) return provenance.digest
  throw mismatch(`a release to withdraw that is not one of ${id}`)
}
