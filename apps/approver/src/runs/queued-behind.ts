import type { Transaction } from '#libs/persistence'
import { stateOf } from '#libs/pipeline'
import { policyAt } from '../policies/policy.table.js'
import { awaitedHead } from '../policies/stored-heads.js'
import { APPROVALS } from './approval.table.js'
import type { RunRecord } from './run.table.js'

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
