import { lockedDocument, type Transaction } from '#libs/persistence'
import { reachedAfterAll, type Reached } from '#libs/pipeline'
import { Injectable } from '@nestjs/common'
import { RUNS } from '../runs/run.table.js'
import { keysOfRun } from '../runs/schedule-run-deadline.js'
import { SyncTickets } from '../tickets/sync-tickets.js'
import { TICKETS } from '../tickets/ticket.table.js'

/** Closes the ticket of an undelivered message when the last one arrives after all, redriven or acknowledged. */
@Injectable()
export class CloseUndelivered {
  constructor(private readonly syncTickets: SyncTickets) {}

  /** Handles a delivery. Most are of runs without tickets, and lock nothing. */
  async execute(tx: Transaction, run: number, reached: Reached): Promise<void> {
    const asks = { where: { run, state: 'OPEN' } }
    if ((await tx.documents(TICKETS).find(asks)).every(({ unreached }) => unreached?.includes(reached.message) !== true)) return
    await lockedDocument(tx, RUNS, String(run), keysOfRun)
    for (const ticket of await tx.documents(TICKETS).find(asks)) {
      const after = reachedAfterAll(ticket, reached, tx.now)
      if (after.state !== 'OPEN') await this.syncTickets.close(tx, after)
      else if (after !== ticket) await tx.documents(TICKETS).put(after)
    }
  }
}
