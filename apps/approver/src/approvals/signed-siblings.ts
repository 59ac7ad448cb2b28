import { isTerminal } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { stateOf } from '#libs/pipeline'
import { runOf } from '../runs/run.table.js'
import { APPROVALS, type Approval } from '../runs/approval.table.js'

/** Returns signed approvals of the same files that still wait, or whose run has not ended; newest first. */
export async function signedSiblings(tx: Transaction, members: string): Promise<Approval[]> {
  const candidates = await tx
    .documents(APPROVALS)
    .find({ where: { members, state: ['waiting', 'complete'] }, orderBy: 'prepared_at', descending: true, limit: 5 })
  const open: Approval[] = []
  for (const approval of candidates) {
    const run = await runOf(tx, approval.run)
    if (run !== undefined && !isTerminal(stateOf(run.facts))) open.push(approval)
  }
  return open
}
