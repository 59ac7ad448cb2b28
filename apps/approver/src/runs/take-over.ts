import { isTerminal, type ReceivedEvent, type RunState } from '#libs/contracts'
import { lockedDocument, type Transaction } from '#libs/persistence'
import { isSupersedable, stateOf } from '#libs/pipeline'
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
 * Break-glass waits for no turn: it takes that of the runs under way, which end SUPERSEDED. A run that readers at most see as a canary ends
 * as soon as lint has passed, before the break-glass heads are issued. One that is live for all already ends when they are stored: nothing
 * of it is taken back first. A break-glass that lint refuses ends nothing.
 */
@Injectable()
export class TakeOver {
  constructor(private readonly endRun: EndRun) {}

  /** Lint has passed. Its policies are locked. Does nothing for any other run. */
  endCanaries(tx: Transaction, record: RunRecord, cause: ReceivedEvent): Promise<void> {
    return this.execute(tx, record, cause, ({ facts }) => facts.isRollback !== true && isSupersedable(facts, false))
  }

  /** Its heads are stored. The same. */
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
