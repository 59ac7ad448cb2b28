import { command, explain, type TicketState } from '#libs/contracts'
import type { MessageContent } from '../channel-sender.js'
import type { DescribedNews } from './described-news.js'

const OVERDUE = 'It does not end without an answer, and those who signed approve nothing if there is none'

const ENDS: Partial<Record<TicketState, string>> = { EXPIRED: 'it was not answered in time', MOOT: 'the run no longer asks' }

/** Describes the opening or closing of a ticket in words. */
export function describeTicket({ ticket, version: step }: MessageContent): DescribedNews {
  if (ticket === undefined) throw new TypeError('a message of a ticket has no ticket')
  const { ticket: number, kind, run, state, reason, detail, policies, allowed, openedAt, expiresAt, decided } = ticket
  const name = `Ticket ${number}: ${kind} of run #${run}`
  const [show, decide] = [command('tickets.show', { ticket: number }), command('tickets.decide', { ticket: number })]
  const isOpen = step !== 'closed'
  const end = kind === 'UNDELIVERED' && state === 'MOOT' ? 'every partner was reached after all' : (ENDS[state] ?? state)
  const answer =
    decided === null ? end : `${decided.decision} by ${decided.by}${decided.publicReason === undefined ? '' : `: ${decided.publicReason}`}`
  return {
    subject: isOpen ? `${name} asks for an answer` : `${name} is closed (${decided?.decision ?? state})`,
    headline: name,
    sentences: isOpen
      ? [
          explain(reason, detail),
          `What may be decided: ${allowed.join(', ')}. See ${show}, and answer by ${decide}.`,
          `You are notified as ${step}. ${kind === 'BREAK_GLASS_REVIEW' ? OVERDUE : 'Without an answer it ends'} at ${expiresAt}.`,
        ]
      : [`It needs no answer any more: ${answer}.`],
    changesHeading: '',
    changes: [],
    facts: [
      ['Run', `#${run}`],
      ['Policies', policies.map(({ id, version }) => `${id}@${version}`).join(', ')],
      ['Opened', openedAt],
    ],
  }
}
