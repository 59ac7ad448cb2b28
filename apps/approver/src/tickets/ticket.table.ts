import type { Ticket } from '#libs/contracts'
import { columns, documentTable, timerKind } from '#libs/persistence'

export const TICKETS = documentTable<Ticket>({
  name: 'ticket',
  id: ({ ticket }) => String(ticket),
  keys: { number: { type: 'bigint', of: ({ ticket }) => ticket }, ...columns<Ticket>({ run: 'bigint', state: 'text' }) },
  indexes: [['number'], ['run', 'state']],
  keep: { for: 'runs', ended: { state: ['DECIDED', 'EXPIRED', 'MOOT'] } },
})

/** Last assigned ticket number; one row. */
export interface TicketCounter {
  id: 'ticket'
  last: number
}

export const TICKET_COUNTER = documentTable<TicketCounter>({ name: 'ticket_counter', id: ({ id }) => id, keys: {} })

/** Timers: the next step of the escalation ladder is due; no person decided in time. */
export const TICKET_LADDER = timerKind<{ ticket: number }>('ticket-ladder')
export const TICKET_EXPIRY = timerKind<{ ticket: number }>('ticket-expiry')
/** Timer: the review of a break-glass was not closed in time. */
export const REVIEW_OVERDUE = timerKind<{ ticket: number }>('review-overdue')
