import {
  CONTACT,
  describeKept,
  isTerminal,
  LADDER,
  type LadderStep,
  type RunDecision,
  type RunView,
  type Ticket,
  type TicketAnswer,
  type TicketKind,
} from '#libs/contracts'
import { MANUAL } from '../stage/decision-response.js'
import { ACK_TIMEOUT } from '../silence.js'

/** Time in ms from opening a ticket until each group of the escalation ladder is notified. */
export const LADDER_MS: Readonly<Record<LadderStep, number>> = { 'on-call': 0, second: 5 * 60_000, director: 15 * 60_000 }

/** Ticket reason: a run ended without success, and its policies stay in force. */
const FALLBACK_REFUSED = 'FALLBACK_REFUSED'

/** Returns the kind of ticket that a run needs: it is paused, rolled back, poisoned, or could not be rolled back; otherwise `undefined`. */
export function ticketKindOf({ state, reason, stages, kept }: RunView): TicketKind | undefined {
  if (kept !== undefined) return 'EMERGENCY_REVIEW'
  if (state === 'PAUSED') return reason === MANUAL ? undefined : reason === ACK_TIMEOUT ? 'ACK_TIMEOUT' : 'INCONCLUSIVE'
  if (state === 'FAILED') return reason === 'POISONED' ? 'POISONED' : undefined
  const judged = stages.find(({ verdict }) => verdict === 'FAIL')?.stage
  return state === 'ROLLED_BACK' && (judged === 'canary' || judged === 'rollout') ? 'EMERGENCY_REVIEW' : undefined
}

const ALLOWED: Record<TicketKind, Ticket['allowed']> = {
  EMERGENCY_REVIEW: ['accept'],
  POISONED: ['accept'],
  UNDELIVERED: ['accept'],
  BREAK_GLASS_REVIEW: ['accept'],
  INCONCLUSIVE: ['promote', 'resume', 'extend', 'retry', 'abort'],
  ACK_TIMEOUT: ['promote', 'resume', 'extend', 'retry', 'abort'],
}

/** Returns the decisions that a ticket permits. A paused simulation cannot resume; a paused rollout cannot be extended or retried. */
function allowedFor(kind: TicketKind, { stages }: RunView): Ticket['allowed'] {
  if (kind !== 'INCONCLUSIVE' && kind !== 'ACK_TIMEOUT') return ALLOWED[kind]
  const paused = stages.find(({ verdict }) => verdict === 'INCONCLUSIVE')?.stage
  if (paused === 'simulate') return ['retry', 'abort']
  return paused === 'rollout' ? ALLOWED[kind].filter((decision) => decision !== 'extend' && decision !== 'retry') : ALLOWED[kind]
}

/** Reason for opening a ticket; by default it is taken from the run. */
export type TicketCause = Pick<Ticket, 'reason' | 'detail' | 'unreached'>

export function openTicket(
  ticket: number,
  kind: TicketKind,
  view: RunView,
  now: Date,
  expiresInMs: number,
  cause: TicketCause = causeOf(view),
): Ticket {
  return opened(ticket, { kind, ...cause, allowed: allowedFor(kind, view) }, view, now, expiresInMs)
}

function opened(
  ticket: number,
  question: Pick<Ticket, 'kind' | 'reason' | 'detail' | 'allowed'>,
  { run, attempt, digest, policies }: Pick<Ticket, 'run' | 'attempt' | 'digest' | 'policies'>,
  now: Date,
  expiresInMs: number,
): Ticket {
  const at = now.toISOString()
  return {
    ticket,
    run,
    attempt,
    digest,
    policies,
    state: 'OPEN',
    ...question,
    openedAt: at,
    expiresAt: new Date(now.getTime() + expiresInMs).toISOString(),
    told: [{ to: LADDER[0], at }],
    decided: null,
    closedAt: null,
  }
}

function causeOf({ reason, state, stages, detail, kept }: RunView): TicketCause {
  if (kept !== undefined) return { reason: FALLBACK_REFUSED, detail: kept.map(describeKept).join('; ') }
  const failing = stages.find(({ verdict }) => verdict === 'INCONCLUSIVE' || verdict === 'FAIL')
  return { reason: reason ?? state, detail: failing?.detail ?? detail ?? '' }
}

/** Opens the review of a break-glass, whatever the outcome of its run. `dueInMs`: time in which another person must close the review. */
export function openReview(
  ticket: number,
  { reason, actors, ...run }: Pick<Ticket, 'run' | 'attempt' | 'digest' | 'policies'> & { reason: string; actors: string[] },
  now: Date,
  dueInMs: number,
): Ticket {
  const detail = `${actors.join(', ')}: ${reason}`
  const question = { kind: 'BREAK_GLASS_REVIEW', reason: 'BREAK_GLASS', detail, allowed: ALLOWED.BREAK_GLASS_REVIEW } as const
  return { ...opened(ticket, question, run, now, dueInMs), actors }
}

/** Marks a review as overdue. It stays open, and the last group of the ladder is notified again. */
export function overdueReview(ticket: Ticket, now: Date): Ticket {
  if (ticket.kind !== 'BREAK_GLASS_REVIEW' || ticket.state !== 'OPEN' || ticket.overdueAt !== undefined) return ticket
  const at = now.toISOString()
  return { ...ticket, overdueAt: at, told: [...ticket.told, { to: LADDER.at(-1)!, at }] }
}

/** Returns the next group of the ladder, and when to notify it; `undefined` if all groups are notified or the ticket is closed. */
export function nextStep({ state, openedAt, told }: Ticket): { to: LadderStep; at: Date } | undefined {
  const to = LADDER.find((step) => !told.some((known) => known.to === step))
  if (state !== 'OPEN' || to === undefined) return undefined
  return { to, at: new Date(Date.parse(openedAt) + LADDER_MS[to]) }
}

/** Adds the groups due by `now` to the notified ones, in order. */
export function escalate(ticket: Ticket, now: Date): Ticket {
  const step = nextStep(ticket)
  if (step === undefined || step.at > now) return ticket
  return escalate({ ...ticket, told: [...ticket.told, { to: step.to, at: now.toISOString() }] }, now)
}

/** Closes an open ticket with a decision; a closed ticket is unchanged. */
export function answerTicket(ticket: Ticket, decided: TicketAnswer, now: Date): Ticket {
  return ticket.state === 'OPEN' ? { ...ticket, state: 'DECIDED', decided, closedAt: now.toISOString() } : ticket
}

export function expireTicket(ticket: Ticket, now: Date): Ticket {
  return ticket.state === 'OPEN' ? { ...ticket, state: 'EXPIRED', closedAt: now.toISOString() } : ticket
}

/** Closes a ticket that the run no longer needs: as DECIDED, EXPIRED or MOOT. */
export function settleTicket(ticket: Ticket, view: RunView, now: Date): Ticket {
  if (ticket.state !== 'OPEN') return ticket
  const answer = lastApplied(view.decisions, ticket.openedAt)
  if (answer !== undefined) return answerTicket(ticket, answer, now)
  const isOver = isTerminal(view.state) && view.reason === 'PAUSE_EXPIRED'
  return isOver ? expireTicket(ticket, now) : { ...ticket, state: 'MOOT', closedAt: now.toISOString() }
}

/** Result of a delivery: the channel accepted the message; `isAcknowledged` if the partner acknowledged it too. */
export interface Reached {
  message: string
  channel: string
  isAcknowledged: boolean
}

/**
 * Removes a delivered message from an UNDELIVERED ticket, and closes the ticket with the last one. The mail to `contact` was sent because
 * no channel accepted the message. For this mail, only an acknowledgement counts, not the acceptance by the mail server.
 */
export function withoutDelivered(ticket: Ticket, { message, channel, isAcknowledged }: Reached, now: Date): Ticket {
  if (ticket.state !== 'OPEN' || ticket.unreached?.includes(message) !== true || (channel === CONTACT && !isAcknowledged)) return ticket
  const unreached = ticket.unreached.filter((each) => each !== message)
  return unreached.length > 0 ? { ...ticket, unreached } : { ...ticket, unreached, state: 'MOOT', closedAt: now.toISOString() }
}

function lastApplied(decisions: readonly RunDecision[], since: string): TicketAnswer | undefined {
  const applied = decisions.findLast(({ outcome, decision, at }) => outcome === 'applied' && decision !== 'supersede' && at >= since)
  if (applied === undefined) return undefined
  const { decision, by, reason, at } = applied
  return { decision, by, reason, at }
}
