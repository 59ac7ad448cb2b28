import {
  CONTACT,
  isTerminal,
  LADDER,
  type LadderStep,
  type RunDecision,
  type RunView,
  type Ticket,
  type TicketAnswer,
  type TicketKind,
} from '#libs/contracts'
import { MANUAL } from '../stage/answer.js'
import { ACK_TIMEOUT } from '../silence.js'

/** When each step of the ladder is told, after the ticket was opened; ms. */
export const LADDER_MS: Readonly<Record<LadderStep, number>> = { 'on-call': 0, second: 5 * 60_000, director: 15 * 60_000 }

/** How a run that is paused, rolled back or poisoned asks people; `undefined` where it asks nothing. */
export function questionOf({ state, reason, stages }: RunView): TicketKind | undefined {
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

/** A paused simulation cannot go on, and a rollout neither starts anew nor observes for longer. */
function allowedFor(kind: TicketKind, { stages }: RunView): Ticket['allowed'] {
  if (kind === 'UNDELIVERED') return ALLOWED[kind]
  const paused = stages.find(({ verdict }) => verdict === 'INCONCLUSIVE')?.stage
  if (paused === 'simulate') return ['retry', 'abort']
  return paused === 'rollout' ? ALLOWED[kind].filter((decision) => decision !== 'extend' && decision !== 'retry') : ALLOWED[kind]
}

/** Why a ticket is opened, where the run does not say it itself. */
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

function causeOf({ reason, state, stages, detail }: RunView): TicketCause {
  const asking = stages.find(({ verdict }) => verdict === 'INCONCLUSIVE' || verdict === 'FAIL')
  return { reason: reason ?? state, detail: asking?.detail ?? detail ?? '' }
}

/** The review of a break-glass: opened with it, whatever becomes of its run. `dueInMs`: by when somebody else must close it. */
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

/** Nobody closed it in time: it stays open, and the last of the ladder is told once more. */
export function overdueReview(ticket: Ticket, now: Date): Ticket {
  if (ticket.kind !== 'BREAK_GLASS_REVIEW' || ticket.state !== 'OPEN' || ticket.overdueAt !== undefined) return ticket
  const at = now.toISOString()
  return { ...ticket, overdueAt: at, told: [...ticket.told, { to: LADDER.at(-1)!, at }] }
}

/** The next step of the ladder and when it is due; `undefined` once all are told or the ticket is closed. */
export function nextStep({ state, openedAt, told }: Ticket): { to: LadderStep; at: Date } | undefined {
  const to = LADDER.find((step) => !told.some((known) => known.to === step))
  if (state !== 'OPEN' || to === undefined) return undefined
  return { to, at: new Date(Date.parse(openedAt) + LADDER_MS[to]) }
}

/** Steps that are due by `now` are told, in their order. */
export function escalate(ticket: Ticket, now: Date): Ticket {
  const step = nextStep(ticket)
  if (step === undefined || step.at > now) return ticket
  return escalate({ ...ticket, told: [...ticket.told, { to: step.to, at: now.toISOString() }] }, now)
}

/** The one answer wins: a closed ticket stays what it became. */
export function answerTicket(ticket: Ticket, decided: TicketAnswer, now: Date): Ticket {
  return ticket.state === 'OPEN' ? { ...ticket, state: 'DECIDED', decided, closedAt: now.toISOString() } : ticket
}

export function expireTicket(ticket: Ticket, now: Date): Ticket {
  return ticket.state === 'OPEN' ? { ...ticket, state: 'EXPIRED', closedAt: now.toISOString() } : ticket
}

/** The run no longer asks: somebody decided about it, its time was over, or something else became of it. */
export function settleTicket(ticket: Ticket, view: RunView, now: Date): Ticket {
  if (ticket.state !== 'OPEN') return ticket
  const answer = lastApplied(view.decisions, ticket.openedAt)
  if (answer !== undefined) return answerTicket(ticket, answer, now)
  const isOver = isTerminal(view.state) && view.reason === 'PAUSE_EXPIRED'
  return isOver ? expireTicket(ticket, now) : { ...ticket, state: 'MOOT', closedAt: now.toISOString() }
}

/** What became of a delivery: its channel took the message, or the partner acknowledged it too. */
export interface Reached {
  message: string
  channel: string
  isAcknowledged: boolean
}

/**
 * A message reached its partner after all; with the last one nothing is asked any more. The mail to the partner's people went out because
 * no channel took the message: that it was taken answers nothing, that they acknowledged it does.
 */
export function reachedAfterAll(ticket: Ticket, { message, channel, isAcknowledged }: Reached, now: Date): Ticket {
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
