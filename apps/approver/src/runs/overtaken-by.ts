import type { Transaction } from '#libs/persistence'
import { policyAt } from '../policies/policy.table.js'
import { APPROVALS, isRollback, type Approval } from '../records/approval.table.js'
import { previousOf } from './end-stale.js'
import { RUNS } from './run.table.js'

/**
 * Number of the run ahead that puts another release in force than the one this approval follows: once that run succeeds, this approval ends
 * STALE. `undefined` where it follows what is in force by then, or ends the runs ahead itself.
 */
export async function overtakenBy(tx: Transaction, approval: Approval): Promise<number | undefined> {
  const isOpen = approval.state === 'prepared' || approval.state === 'waiting' || approval.state === 'complete'
  if (!isOpen || approval.supersede === true || isRollback(approval)) return undefined
  for (const { id } of approval.releases) {
    const policy = await policyAt(tx, id)
    // A run that has its turn follows what is live.
    if (policy === undefined || (approval.run !== null && policy.active === approval.run)) continue
    const place = approval.run === null ? -1 : policy.queue.indexOf(approval.run)
    // One that has left the queue has ended.
    if (approval.state === 'complete' && place < 0) continue
    const ahead = [...(policy.active === null ? [] : [policy.active]), ...policy.queue.slice(0, place < 0 ? undefined : place)].at(-1)
    const run = ahead === undefined ? undefined : await tx.documents(RUNS).get(String(ahead))
    const other = run === undefined ? undefined : await tx.documents(APPROVALS).get(run.approval)
    const brought = other?.releases.find((release) => release.id === id)?.releaseDigest
    if (brought !== undefined && brought !== previousOf(approval, id)) return ahead
  }
  return undefined
}
