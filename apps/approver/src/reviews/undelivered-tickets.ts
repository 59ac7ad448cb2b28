import { listed, type EventData } from '#libs/contracts'
import { lockedDocument, type Transaction } from '#libs/persistence'
import { withoutDelivered, type Reached } from '#libs/pipeline'
import { Injectable } from '@nestjs/common'
import { RUNS, runView } from '../runs/run.table.js'
import { keysOfRun } from '../runs/schedule-run-deadline.js'
import { SyncTickets } from '../tickets/sync-tickets.js'
import { TICKETS } from '../tickets/ticket.table.js'

/** Maximum length of a ticket's detail in characters. The list of deliveries has the partners that do not fit. */
const MAX_DETAIL = 1_000
const AND_MORE = '; and more'
/** Maximum number of undelivered messages tracked in a ticket. Above it a person must close the ticket, even if all are delivered later. */
const MAX_UNREACHED = 100

/** Opens one ticket per run for all partners that were not reached in time, regardless of the run's outcome. */
@Injectable()
export class UndeliveredTickets {
  constructor(private readonly syncTickets: SyncTickets) {}

  async open(tx: Transaction, undelivered: EventData['hms.notification.undelivered.v1']): Promise<void> {
    const record = await lockedDocument(tx, RUNS, String(undelivered.run), keysOfRun)
    if (record === undefined) return
    const open = await tx.documents(TICKETS).find({ where: { run: undelivered.run, state: 'OPEN' } })
    const known = open.find(({ kind }) => kind === 'UNDELIVERED')
    const line = lineOf(undelivered)
    if (known === undefined) {
      const cause = { reason: 'PARTNER_NOT_REACHED', detail: line, unreached: [undelivered.message] }
      return this.syncTickets.open(tx, 'UNDELIVERED', runView(record), cause)
    }
    const unreached = withMessage(known.unreached, undelivered.message)
    await tx.documents(TICKETS).put({ ...known, detail: appendLine(known.detail, line), unreached })
  }

  /** Handles a message delivered or acknowledged late; the last one closes the ticket. Most runs have no ticket and lock nothing. */
  async onReached(tx: Transaction, run: number, reached: Reached): Promise<void> {
    const query = { where: { run, state: 'OPEN' } }
    if ((await tx.documents(TICKETS).find(query)).every(({ unreached }) => unreached?.includes(reached.message) !== true)) return
    await lockedDocument(tx, RUNS, String(run), keysOfRun)
    for (const ticket of await tx.documents(TICKETS).find(query)) {
      const after = withoutDelivered(ticket, reached, tx.now)
      if (after.state !== 'OPEN') await this.syncTickets.close(tx, after)
      else if (after !== ticket) await tx.documents(TICKETS).put(after)
    }
  }
}

function appendLine(detail: string, line: string): string {
  if (detail.endsWith(AND_MORE)) return detail
  return detail.length + line.length > MAX_DETAIL ? `${detail}${AND_MORE}` : `${detail}; ${line}`
}

function withMessage(unreached: string[] | undefined, message: string): string[] | undefined {
  const all = [...new Set([...(unreached ?? []), message])]
  return unreached === undefined || all.length > MAX_UNREACHED ? undefined : all
}

function lineOf({ partner, channel, policies, tries, detail }: EventData['hms.notification.undelivered.v1']): string {
  const last = detail === null ? '' : `: ${detail.slice(0, 200)}`
  return `${partner} was not notified of ${listed(policies, 1)} by ${channel} in ${tries} ${tries === 1 ? 'try' : 'tries'}${last}`
}
