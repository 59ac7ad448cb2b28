import { isTerminal, type ReplacedPolicy } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { stateOf } from '#libs/pipeline'
import { policyAt } from '../policies/policy.table.js'
import { POLICY_VERSIONS } from '../policies/policy-version.table.js'
import { APPROVALS } from './approval.table.js'
import type { RunRecord } from './run.table.js'

/** Returns the policies of a run that ended after its rollout and whose release is no longer in force. Empty for any other run. */
export async function replacedPolicies(tx: Transaction, { facts, approval }: RunRecord): Promise<ReplacedPolicy[]> {
  if (!isTerminal(stateOf(facts)) || facts.stages.rollout?.verdict !== 'PASS') return []
  const releases = (await tx.documents(APPROVALS).get(approval))?.releases ?? []
  const replaced: ReplacedPolicy[] = []
  for (const { id, version, releaseDigest } of releases) {
    const live = (await policyAt(tx, id))?.live ?? null
    if (live?.releaseDigest === releaseDigest) continue
    const takenBack = (await tx.documents(POLICY_VERSIONS).get(`${id}@${version}`))?.takenBack
    // A version that people approved again after its rollback is another release.
    const isOfRun = takenBack !== undefined && (facts.ended === undefined || takenBack.at >= facts.ended.at)
    replaced.push({ id, now: live?.version ?? null, ...(isOfRun ? { takenBackAt: takenBack.at } : {}) })
  }
  return replaced
}
