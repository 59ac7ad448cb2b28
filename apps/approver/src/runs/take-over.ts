import { isTerminal, type ReceivedEvent, type RunState } from '#libs/contracts'
import { lockedDocument, type Transaction } from '#libs/persistence'
import { isSupersedable, stateOf } from '#libs/pipeline'
import { Injectable } from '@nestjs/common'
import { POLICIES } from '../policies/policy.table.js'
import { EndRun } from './end-run.js'
import { RUNS, type RunRecord } from './run.table.js'
import { keysOfRun } from './schedule-run-deadline.js'

/** Whether a run in this state is already live for all, or has ended. */
function isOver(state: RunState): boolean {
  return state === 'NOTIFYING' || isTerminal(state)
}

/**
 * Ends the runs in progress for a break-glass, which waits for no turn: they end SUPERSEDED. A run that is at most a canary ends as soon as
 * lint has passed, before the break-glass heads are issued. One that is already live for all ends when those heads are stored: nothing of
 * it is rolled back first. A break-glass that lint refuses ends nothing.
 */
@Injectable()
export class TakeOver {
  constructor(private readonly endRun: EndRun) {}

  /** Called when lint has passed, with the policies locked. Does nothing for any other run. */
  endCanaries(tx: Transaction, record: RunRecord, cause: ReceivedEvent): Promise<void> {
    return this.execute(tx, record, cause, ({ facts }) => facts.isRollback !== true && isSupersedable(facts, false))
  }

  /** Called when its heads are stored, under the same conditions. */
  endAll(tx: Transaction, record: RunRecord, cause: ReceivedEvent): Promise<void> {
    return this.execute(tx, record, cause, ({ facts }) => !isOver(stateOf(facts)))
  }

  private async execute(
    tx: Transaction,
    { facts }: RunRecord,
    cause: ReceivedEvent,
    isEnded: (older: RunRecord) => boolean,
  ): Promise<void> {
    const { run, policies, breakGlass } = facts
    if (breakGlass === undefined || isTerminal(stateOf(facts))) return
    for (const { id } of policies) {
      const active = (await tx.documents(POLICIES).get(id))?.active ?? null
      if (active === run) continue
      const older = active === null ? undefined : await lockedDocument(tx, RUNS, String(active), keysOfRun)
      const ends = older !== undefined && isEnded(older)
      if (!ends && older !== undefined && !isOver(stateOf(older.facts))) continue
      const policy = (await tx.documents(POLICIES).get(id))!
      await tx.documents(POLICIES).put({ ...policy, active: run })
      if (!ends) continue
      const detail = `by break-glass in run #${run}: ${breakGlass.reason}`
      await this.endRun.execute(tx, older, { state: 'SUPERSEDED', reason: 'BREAK_GLASS', detail, by: run }, 'break-glass', cause)
    }
  }
}
