import { isTerminal, type RunState, type Ticket } from '#libs/contracts'
import { DATA } from './decode.js'
import type { Oracle } from './oracle.js'

interface Told {
  type: string
  ticket: Ticket
}

/** Asked about a run that has ended. */
const OUTLIVES: readonly Ticket['kind'][] = ['EMERGENCY_REVIEW', 'POISONED', 'BREAK_GLASS_REVIEW']

/** A run that pauses again opens another ticket: each is opened once, sent to each step of its ladder once, closed once, and alone. */
export const ticketsOnce: Oracle = {
  name: 'each question to people is asked and closed once, one of a run at a time',
  async check({ observer }) {
    const told = await observer.rows<Told>(
      `SELECT type, ${DATA}->'ticket' AS ticket FROM approver.outbox WHERE topic = 'hms.ticket.v1' ORDER BY seq`,
    )
    const violations: string[] = []
    /** By what they ask about: a run, its break-glass, or the partners that its message did not reach. */
    const open = new Map<string, Told>()
    const ended = new Set<number>()
    for (const each of told) {
      const { type, ticket } = each
      const question = questionOf(ticket)
      const before = open.get(question)
      const wrong = fault(type, ticket, before, ended.has(ticket.ticket))
      if (wrong !== undefined) violations.push(`ticket ${ticket.ticket} of run ${ticket.run}: ${wrong}`)
      if (type === 'hms.ticket.closed.v1') {
        open.delete(question)
        ended.add(ticket.ticket)
      } else open.set(question, each)
    }
    const runs = await observer.rows<{ id: string; state: RunState }>('SELECT id, state FROM approver.run')
    for (const { id, state } of runs) {
      const asked = open.get(id)?.ticket
      if (asked !== undefined && !OUTLIVES.includes(asked.kind) && isTerminal(state))
        violations.push(`ticket ${asked.ticket} (${asked.kind}) is open, and run ${id} is ${state}`)
    }
    return { looked: runs.length, violations }
  },
}

function questionOf({ run, kind }: Ticket): string {
  if (kind === 'BREAK_GLASS_REVIEW') return `break-glass of ${run}`
  return kind === 'UNDELIVERED' ? `partners of ${run}` : String(run)
}

function fault(type: string, ticket: Ticket, before: Told | undefined, ended: boolean): string | undefined {
  if (ended) return `${type} after it was closed`
  if (type === 'hms.ticket.opened.v1') return before === undefined ? undefined : `opened while ticket ${before.ticket.ticket} is open`
  if (before?.ticket.ticket !== ticket.ticket) return `${type} before it was opened`
  const again = type === 'hms.ticket.escalated.v1' && ticket.told.length <= before.ticket.told.length
  return again ? `${ticket.told.at(-1)?.to ?? 'nobody'} was told again` : undefined
}
