import { isTerminal, type ReceivedEvent, type RunState } from '#libs/contracts'
import { lockedDocument, type Transaction } from '#libs/persistence'
import { stateOf } from '#libs/pipeline'
import { Injectable } from '@nestjs/common'
import { POLICIES } from '../policies/policy.table.js'
import { EndRun } from './end-run.js'
import { RUNS, type RunRecord } from './run.table.js'
import { keysOfRun } from './schedule-run-deadline.js'

/** A run in one of these is live for all already, or has ended. */
function isOver(state: RunState): boolean {
  return state === 'NOTIFYING' || isTerminal(state)
}

/**
 * Break-glass waits for no turn. Once its heads are stored it takes the turn of the run under way, which ends SUPERSEDED. Not before: a
 * break-glass that lint refuses ends nothing.
 */
@Injectable()
export class TakeOver {
  constructor(private readonly endRun: EndRun) {}

  /** Its policies are locked. Does nothing for any other run. */
  async execute(tx: Transaction, { facts }: RunRecord, cause: ReceivedEvent): Promise<void> {
    const { run, policies, breakGlass } = facts
    if (breakGlass === undefined || isTerminal(stateOf(facts))) return
    for (const { id } of policies) {
      const active = (await tx.documents(POLICIES).get(id))?.active ?? null
      if (active === run) continue
      const older = active === null ? undefined : await lockedDocument(tx, RUNS, String(active), keysOfRun)
      const policy = (await tx.documents(POLICIES).get(id))!
      await tx.documents(POLICIES).put({ ...policy, active: run })
      if (older === undefined || isOver(stateOf(older.facts))) continue
      const detail = `by break-glass in run #${run}: ${breakGlass.reason}`
      await this.endRun.execute(tx, older, { state: 'SUPERSEDED', reason: 'BREAK_GLASS', detail, by: run }, 'break-glass', cause)
    }
  }
}
