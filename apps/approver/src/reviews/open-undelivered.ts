import type { EventData } from '#libs/contracts'
import { lockedDocument, type Transaction } from '#libs/persistence'
import { Injectable } from '@nestjs/common'
import { RUNS, runView } from '../runs/run.table.js'
import { keysOfRun } from '../runs/schedule-run-deadline.js'
import { SyncTickets } from '../tickets/sync-tickets.js'
import { TICKETS } from '../tickets/ticket.table.js'

/** Limit of partners in the detail; the list of deliveries has the others. */
const MAX_DETAIL = 1_000
const AND_MORE = '; and more'
/** Limit of unreached partners; above it the ticket waits for a person, even if all are reached later. */
const MAX_UNREACHED = 100

/** Opens one ticket per run for partners that were not reached in time, regardless of the run's outcome. */
@Injectable()
export class OpenUndelivered {
  constructor(private readonly syncTickets: SyncTickets) {}

  async execute(tx: Transaction, news: EventData['hms.notification.undelivered.v1']): Promise<void> {
    const record = await lockedDocument(tx, RUNS, String(news.run), keysOfRun)
    if (record === undefined) return
    const open = await tx.documents(TICKETS).find({ where: { run: news.run, state: 'OPEN' } })
    const known = open.find(({ kind }) => kind === 'UNDELIVERED')
    const line = lineOf(news)
    if (known === undefined) {
      await this.syncTickets.open(tx, 'UNDELIVERED', runView(record), {
        reason: 'PARTNER_NOT_REACHED',
        detail: line,
        unreached: [news.message],
      })
    } else {
      await tx
        .documents(TICKETS)
        .put({ ...known, detail: joined(known.detail, line), unreached: withMessage(known.unreached, news.message) })
    }
  }
}

function joined(detail: string, line: string): string {
  if (detail.endsWith(AND_MORE)) return detail
  return detail.length + line.length > MAX_DETAIL ? `${detail}${AND_MORE}` : `${detail}; ${line}`
}

function withMessage(unreached: string[] | undefined, message: string): string[] | undefined {
  const all = [...new Set([...(unreached ?? []), message])]
  return unreached === undefined || all.length > MAX_UNREACHED ? undefined : all
}

function lineOf({ partner, channel, policies, tries, detail }: EventData['hms.notification.undelivered.v1']): string {
  const what = policies.length > 1 ? `${policies[0]} and ${policies.length - 1} more` : policies[0]!
  const last = detail === null ? '' : `: ${detail.slice(0, 200)}`
  return `${partner} was not notified of ${what} by ${channel} in ${tries} ${tries === 1 ? 'try' : 'tries'}${last}`
}
