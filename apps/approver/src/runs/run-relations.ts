import type { Transaction } from '#libs/persistence'
import { stateOf } from '#libs/pipeline'
import { policyAt } from '../policies/policy.table.js'
import { awaitedHead } from '../policies/stored-heads.js'
import { APPROVALS } from './approval.table.js'
import type { RunRecord } from './run.table.js'
import { isTerminal, type ReplacedPolicy } from '#libs/contracts'
import { POLICY_VERSIONS } from '../policies/policy-version.table.js'

/** `behind run #5 of epa-pm25-limit`, for a run that waits for its turn; `undefined` for any other. */
export async function queuedBehind(tx: Transaction, { facts, approval }: RunRecord): Promise<string | undefined> {
  if (stateOf(facts) !== 'QUEUED') return undefined
  const { storedHeads } = (await tx.documents(APPROVALS).get(approval)) ?? {}
  const ahead: string[] = []
  for (const { id } of facts.policies) {
    const policy = await policyAt(tx, id)
    if (policy === undefined) continue
    const { active, queue, next } = policy
    const runs = [...(active === null ? [] : [active]), ...queue.slice(0, Math.max(0, queue.indexOf(facts.run)))]
    const awaited = awaitedHead(policy, storedHeads)
    if (runs.length > 0) ahead.push(`behind ${runs.map((run) => `run #${run}`).join(', ')} of ${id}`)
    else if (awaited !== undefined)
      ahead.push(`until approver has received that ${awaited.live?.version ?? 'nothing'} of ${id} is in force, as config-store has`)
    else if (next !== undefined) ahead.push(`until ${next.release.version} of ${id} is in force, at ${next.at}`)
  }
  return ahead.length === 0 ? undefined : ahead.join('; ')
}

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
