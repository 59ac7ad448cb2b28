import { isTerminal, MAX_FREEZES, stepsOf } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { freezeAgainst, stateOf, waitingStage, type StageFacts } from '#libs/pipeline'
import { FREEZES } from '#libs/stage'
import { APPROVALS } from '../records/approval.table.js'
import { RUNS, type RunRecord } from './run.table.js'

/** Whether what a waiting run said that it waits for is still there: a freeze, or the run that has its region. */
export async function isHeldUp(tx: Transaction, record: RunRecord): Promise<boolean> {
  const stage = waitingStage(record.facts)
  const { waits, behind } = (stage === undefined ? undefined : record.facts.stages[stage]) ?? {}
  if (waits === 'REGION_BUSY' && behind !== undefined) {
    const ahead = await tx.documents(RUNS).get(String(behind))
    return ahead !== undefined && !isTerminal(stateOf(ahead.facts))
  }
  if (waits !== 'FREEZE') return true
  const approval = stage === 'canary' ? await tx.documents(APPROVALS).get(record.approval) : undefined
  const scopes = approval === undefined ? ['global'] : stepsOf(approval.plan).map(({ scope }) => scope)
  return freezeAgainst(await tx.documents(FREEZES).find({ limit: MAX_FREEZES }), scopes, tx.now) !== null
}

/** Tells one wait from another. */
export function describeWait({ waits, behind }: StageFacts): string {
  return waits === 'REGION_BUSY' ? `${waits} ${behind}` : String(waits)
}
