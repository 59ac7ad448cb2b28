import { type ApprovalView, type PreparedApproval, type PrepareRollbackRequest, type RollbackReport } from '#libs/contracts'
import type { ReleasePredicate, Signer } from '#libs/signing'
import type { ApiClient } from './api/api-client.js'
import { mismatch, readPrepared } from './approve/read-prepared.js'
import { followRun } from './approve/follow-run.js'
import { RunError } from './approve/run-error.js'
import { signApproval } from './approve/sign-approval.js'
import { submitApproval } from './approve/submit-approval.js'
import { reportOf, revisionOf } from './rollback-report.js'

/** A rollback prepared by approver, with the subject of its run. */
export interface PreparedRollback {
  id: string
  version: string
  prepared: PreparedApproval
}

/**
 * Requests a release from approver that reinstates a version, and verifies its content: a signature over anything else would approve
 * something unintended. Throws `HMS_APPROVAL_MISMATCH` (502) if it differs.
 */
export async function prepareRollback(api: ApiClient, rollback: PrepareRollbackRequest['rollback']): Promise<PreparedRollback> {
  const { policy: id, version } = rollback
  const answer = await api.post('/v1/approvals/prepare', { rollback })
  const { prepared, predicates } = readPrepared(answer)
  const [release, ...others] = predicates
  if (others.length > 0 || !bringsBack(release!, id, version)) throw mismatch('another rollback than was asked for')
  return { id, version, prepared }
}

function bringsBack({ policy, rollback, breakGlass }: ReleasePredicate, id: string, version: string): boolean {
  return breakGlass === undefined && policy.id === id && policy.version === version && rollback?.target.version === version
}

/** Signs and submits. Nothing is rolled back while signatures are missing: see `missing`. */
export async function signRollback(
  api: ApiClient,
  { prepared }: PreparedRollback,
  signer: Signer,
  options: { reason?: string } = {},
): Promise<ApprovalView> {
  return submitApproval(api, prepared, await signApproval(prepared, signer), options)
}

/**
 * Waits until the release is in force and the connected bots have it, at most `waitMs` for each. `startedAt` is the time of the request, by
 * `performance`. Throws `RunError` when its run ends otherwise, or not in that time.
 */
export async function awaitRollback(
  api: ApiClient,
  run: number,
  { id, version, prepared }: PreparedRollback,
  { startedAt, waitMs = 10_000 }: { startedAt: number; waitMs?: number },
): Promise<RollbackReport> {
  const view = await followRun(api, run, { timeoutMs: waitMs })
  if (view.state !== 'SUCCEEDED') throw new RunError(view)
  const revision = await revisionOf(api, id, prepared.releases[0]!.digest, waitMs)
  return reportOf(api, { id, version, revision }, { startedAt, waitMs })
}
