import { action, HmsError, peekPredicate, type Envelope, type Ticket } from '#libs/contracts'
import { policyKey } from '#libs/messaging'
import { Database, lockedDocument } from '#libs/persistence'
import { answerTicket } from '#libs/pipeline'
import type { RunDecisionPredicate } from '#libs/signing'
import { Injectable } from '@nestjs/common'
import { APPROVALS } from '../runs/approval.table.js'
import { DecideRun } from '../runs/decide-run.js'
import { runOf } from '../runs/run.table.js'
import { SyncTickets } from '../tickets/sync-tickets.js'
import { ReviewBreakGlass } from './review-break-glass.js'
import { reviewOf } from '../tickets/review-lock.table.js'
import { TICKETS } from '../tickets/ticket.table.js'

/** Records a person's decision on a ticket: a decision about its run, or the acceptance of an automatic action. The first decision wins. */
@Injectable()
export class DecideTicket {
  constructor(
    private readonly database: Database,
    private readonly decideRun: DecideRun,
    private readonly syncTickets: SyncTickets,
    private readonly reviewBreakGlass: ReviewBreakGlass,
  ) {}

  /** `given`: ticket number as in the URL path. */
  async execute(given: number | string, statement: Envelope): Promise<Ticket> {
    // An acceptance names the ticket; other decisions name only its run.
    await this.decideRun.requireSigned(statement, ({ ticket }) => ticket === undefined || String(ticket) === String(given))
    if (!/^\d{1,9}$/.test(String(given))) throw ticketNotFound(given)
    const number = Number(given)
    const decision = decisionOf(statement)
    const ticket = await this.database.autocommit((tx) => tx.documents(TICKETS).get(String(number)))
    if (ticket === undefined) throw ticketNotFound(number)
    if (decision !== 'accept') {
      requireOpen(ticket, decision)
      // The stage that owns the run responds; the ticket closes when the run continues or ends.
      await this.decideRun.execute(ticket.run, statement)
      return this.database.transaction(async (tx) => (await tx.documents(TICKETS).get(String(number))) ?? ticket)
    }
    return this.database.transaction(async (tx) => {
      const open = (await lockedDocument(tx, TICKETS, String(number), ({ policies }) => policies.map(({ id }) => policyKey(id))))!
      const record = (await runOf(tx, open.run))!
      const approval = (await tx.documents(APPROVALS).get(record.approval))!
      const review = await reviewOf(tx, open)
      const { predicate, person } = this.decideRun.read(record, approval, statement, tx.now, { valid: ['accept'], ticket: number, review })
      // A repeated decision changes nothing: the response to the first may have been lost.
      if (open.decided?.by === person.name && open.decided.reason === predicate.reason) return open
      requireOpen(open, decision)
      const { reason, publicReason } = predicate
      const reasons = { reason, ...(publicReason === undefined ? {} : { publicReason }) }
      const response = { decision, by: person.name, ...reasons, at: tx.now.toISOString(), statement }
      if (review !== undefined) return this.reviewBreakGlass.close(tx, open, response, record)
      const decided = answerTicket(open, response, tx.now)
      await this.syncTickets.close(tx, decided)
      return decided
    })
  }
}

export function ticketNotFound(number: number | string): HmsError {
  return new HmsError('HMS_TICKET_NOT_FOUND', `There is no ticket ${number}.`, { status: 404, next: [action('tickets.list')] })
}

function requireOpen(ticket: Ticket, decision: string): void {
  if (ticket.state !== 'OPEN') {
    const by = ticket.decided === null ? '' : ` by ${ticket.decided.by}`
    const detail = `Ticket ${ticket.ticket} is ${ticket.state}${by}: too late to ${decision}.`
    throw new HmsError('HMS_TICKET_CLOSED', detail, { status: 409, next: [action('tickets.show', { ticket: ticket.ticket })] })
  }
  if ((ticket.allowed as string[]).includes(decision)) return // guard: ticket-allowed
  const detail = `Ticket ${ticket.ticket} allows ${ticket.allowed.join(', ')}, not ${decision}.`
  const { state, allowed } = ticket
  const next = allowed.map((each) => action('tickets.decide.one', { ticket: ticket.ticket, decision: each }))
  throw new HmsError('HMS_TICKET_DECISION_OTHER', detail, { status: 409, next, state: { state, allowed } })
}

/** Returns the decision that a statement names; empty if unreadable. The signature is verified later. */
function decisionOf(statement: Envelope): string {
  try {
    return String(peekPredicate<RunDecisionPredicate>(statement).decision)
  } catch {
    return ''
  }
}
