import { stepsOf } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { newRun } from '#libs/pipeline'
import { firstNumber } from '#libs/service'
import { newPolicy, POLICIES } from '../policies/policy.table.js'
import { recordSigned } from '../policies/policy-version.table.js'
import { isRollback, type Approval } from '../runs/approval.table.js'
import { RUN_COUNTER, type RunRecord } from '../runs/run.table.js'

/** Returns a new run with the next run number. Called at the first signature. */
export async function openRun(tx: Transaction, approval: Approval): Promise<RunRecord> {
  await tx.lock(['run-counter'])
  const counter = (await tx.documents(RUN_COUNTER).get('run')) ?? { id: 'run' as const, last: 0 }
  const number = counter.last + 1
  await tx.documents(RUN_COUNTER).put({ id: 'run', last: number })
  const policies = approval.releases.map(({ id, version, policyDigest }) => ({ id, version, digest: policyDigest }))
  const { observeMs, bakeMs } = approval.plan
  const steps = stepsOf(approval.plan).length
  return {
    facts: { ...newRun(number, policies, tx.now.toISOString()), ...(isRollback(approval) ? { isRollback: true as const } : {}) },
    approval: approval.digest,
    key: approval.releases[0]!.id,
    waits: { observeMs: observeMs * steps, bakeMs },
  }
}

/** Records the signed versions, and on each policy whether the run still waits for signatures. */
export async function recordSignatures(tx: Transaction, approval: Approval): Promise<void> {
  for (const { id, version, policyDigest } of approval.releases) {
    const policy = (await tx.documents(POLICIES).get(id)) ?? newPolicy(id, await firstNumber(tx))
    await recordSigned(tx, id, { version, digest: policyDigest })
    const others = (policy.waiting ?? []).filter((run) => run !== approval.run)
    await tx.documents(POLICIES).put({ ...policy, waiting: approval.state === 'waiting' ? [...others, approval.run!] : others })
  }
}
