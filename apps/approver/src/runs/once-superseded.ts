import type { Transaction } from '#libs/persistence'
import { isSupersedable } from '#libs/pipeline'
import { startTimesOf } from '#libs/service'
import type { PolicyRecord } from '../policies/policy.table.js'
import { APPROVALS } from './approval.table.js'
import { runOf, type RunRecord } from './run.table.js'

/** Whether a superseding release may end the run now. If a bundle has several effective times, none may have passed. */
export async function mayBeSuperseded(tx: Transaction, { facts, approval }: RunRecord): Promise<boolean> {
  const { releases } = (await tx.documents(APPROVALS).get(approval))!
  return isSupersedable(facts, startTimesOf(releases, tx.now).size === releases.length)
}

/** Returns the policy as a superseding release finds it: the held releases of the run in progress are dropped before it starts. */
export async function onceSuperseded(tx: Transaction, policy: PolicyRecord): Promise<PolicyRecord> {
  const { next, ...rest } = policy
  const run = next === undefined ? undefined : await runOf(tx, policy.active)
  if (run === undefined) return policy
  const { releases } = (await tx.documents(APPROVALS).get(run.approval))!
  const isOfRun = releases.some(({ releaseDigest }) => releaseDigest === next?.release.releaseDigest)
  return isOfRun && (await mayBeSuperseded(tx, run)) ? rest : policy
}
