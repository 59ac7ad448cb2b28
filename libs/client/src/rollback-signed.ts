import { randomUUID } from 'node:crypto'
import type { ApprovalView, PreparedApproval, PrepareRollbackRequest, WithdrawalResult } from '#libs/contracts'
import { digestOfPayload, readRelease, signDecision, type ReleasePredicate, type Signer } from '#libs/signing'
import type { ApiClient } from './api/api-client.js'
import { mismatch, readPrepared } from './approve/read-prepared.js'
import { followRun, RunError } from './approve/follow-run.js'
import { signApproval, submitApproval } from './approve/submit-approval.js'
import { reportOf, revisionOf, type UnverifiedReport } from './rollback-policy.js'

/** Rollback prepared by approver, with the policy and version that it reinstates. */
export interface PreparedRollback {
  id: string
  version: string
  prepared: PreparedApproval
}

/** Requests a release that reinstates a version, and verifies it. Throws `HMS_APPROVAL_MISMATCH` (502) if it differs. */
export async function prepareRollback(api: ApiClient, rollback: PrepareRollbackRequest['rollback']): Promise<PreparedRollback> {
  const { policy: id, version } = rollback
  const { prepared, predicates } = readPrepared(await api.post('/v1/approvals/prepare', { rollback }))
  const [release, ...others] = predicates
  if (others.length > 0 || !isRollbackTo(release!, id, version)) throw mismatch('another rollback than requested')
  return { id, version, prepared }
}

function isRollbackTo({ policy, rollback, breakGlass }: ReleasePredicate, id: string, version: string): boolean {
  return breakGlass === undefined && policy.id === id && policy.version === version && rollback?.target.version === version
}

/** Signs and submits a prepared rollback. While signatures are missing (see `missing` in the result), nothing is rolled back. */
export async function signRollback(
  api: ApiClient,
  { prepared }: PreparedRollback,
  signer: Signer,
  options: { reason?: string } = {},
): Promise<ApprovalView> {
  return submitApproval(api, prepared, await signApproval(prepared, signer), options)
}

/** Waits until the rollback is live and acknowledged, at most `waitMs` for each. `startedAt`: `performance.now` time. Throws `RunError`. */
export async function awaitRollback(
  api: ApiClient,
  run: number,
  { id, version, prepared }: PreparedRollback,
  { startedAt, waitMs = 10_000 }: { startedAt: number; waitMs?: number },
): Promise<UnverifiedReport> {
  const view = await followRun(api, run, { timeoutMs: waitMs })
  if (view.state !== 'SUCCEEDED') throw new RunError(view)
  const revision = await revisionOf(api, id, prepared.releases[0]!.digest, waitMs)
  return reportOf(api, { id, version, revision }, { startedAt, waitMs })
}

export interface WithdrawOptions {
  reason: string
  /** Reason sent to partners. */
  publicReason?: string
  signer: Signer
  /** Default: now. */
  at?: Date
}

/** Signs and submits a person's withdrawal of the release in force. Other people may have to sign too: see `missing` in the result. */
export async function withdrawPolicy(
  api: ApiClient,
  id: string,
  { reason, publicReason, signer, at = new Date() }: WithdrawOptions,
): Promise<WithdrawalResult> {
  const subject = await releaseInForce(api, id)
  const statement = await signDecision({ subject, decision: 'withdraw', reason, publicReason, at }, signer)
  return api.post('/v1/withdrawals', { policy: id, statement }, { idempotencyKey: randomUUID() })
}

/** Returns the digest of the release in force from its bytes: a digest that the store merely names could be of another policy. */
async function releaseInForce(api: ApiClient, id: string): Promise<string> {
  const { provenance } = await api.get('/v1/policies/{id}', { id })
  const { documents } = await api.get('/v1/snapshot', { policies: id })
  const releases = documents.flatMap(({ release, next }) => [release, next?.release ?? null]).filter((release) => release !== null)
  const found = releases.find((release) => digestOfPayload(release) === provenance.digest)
  if (found !== undefined && readRelease(found).predicate.policy.id === id) return provenance.digest
  throw mismatch(`a release to withdraw that is not one of ${id}`)
}
