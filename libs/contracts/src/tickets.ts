import type { Envelope } from './envelope.js'
import type { DeliveryView } from './api/deliveries.js'
import type { RunPolicy } from './runs.js'

/** Why people are asked. */
export const TICKET_KINDS = ['EMERGENCY_REVIEW', 'INCONCLUSIVE', 'ACK_TIMEOUT', 'POISONED', 'UNDELIVERED', 'BREAK_GLASS_REVIEW'] as const
export type TicketKind = (typeof TICKET_KINDS)[number]

/** The last three are ends. `MOOT`: what was asked about is over without an answer, since the run went on or the partners were reached. */
export const TICKET_STATES = ['OPEN', 'DECIDED', 'EXPIRED', 'MOOT'] as const
export type TicketState = (typeof TICKET_STATES)[number]

/** `accept`: what automation did stands. The others are decisions about the run. */
export const TICKET_DECISIONS = ['promote', 'extend', 'resume', 'retry', 'abort', 'accept'] as const
export type TicketDecision = (typeof TICKET_DECISIONS)[number]

/** Who is told while nobody answers: groups of partners. */
export const LADDER = ['on-call', 'second', 'director'] as const
export type LadderStep = (typeof LADDER)[number]

/** A question to people about one attempt of a run: automation acted first. */
export interface Ticket {
  ticket: number
  run: number
  attempt: number
  /** Release digest of the run, which decisions are bound to. */
  digest: string
  policies: RunPolicy[]
  kind: TicketKind
  state: TicketState
  /** Code and words of what happened. */
  reason: string
  detail: string
  /** What may be decided. */
  allowed: TicketDecision[]
  openedAt: string
  /** When it ends in the safe way: a paused run is aborted, a rollback stands. A review of break-glass is overdue then, and stays open. */
  expiresAt: string
  /** Who has been told so far, and when. */
  told: { to: LadderStep; at: string }[]
  decided: TicketAnswer | null
  /** Of `UNDELIVERED`: ids of the messages that still reached nobody; without it the ticket waits for a person. */
  unreached?: string[]
  /** Of a review of break-glass: names of those who signed, who cannot close it. */
  actors?: string[]
  /** Of a review of break-glass that nobody closed in time. */
  overdueAt?: string
  closedAt: string | null
}

export interface TicketAnswer {
  decision: string
  /** Name of the person. */
  by: string
  reason: string
  /** What those outside are told. */
  publicReason?: string
  at: string
  /** What the person signed. Missing where an earlier build closed the ticket. */
  statement?: Envelope
}

/** `POST /v1/tickets/{n}/decisions`: a signed decision about the ticket's run. */
export interface TicketDecisionRequest {
  statement: Envelope
}

/** Who was notified at one step of a ticket. */
export interface StepNotified {
  to: LadderStep
  at: string
  /** `anna (delivered), ben (pending)`, `nobody: …`, or that it is not known. */
  whom: string
}

/** Steps of a ticket with the partners that each reached. `deliveries` of `ticket:N`; `undefined` where they cannot be read. */
export function notifiedSteps(
  { told }: Pick<Ticket, 'told'>,
  deliveries: readonly Pick<DeliveryView, 'version' | 'partner' | 'state'>[] | undefined,
): StepNotified[] {
  return told.map(({ to, at }) => {
    if (deliveries === undefined) return { to, at, whom: 'its deliveries cannot be read now' }
    const sent = deliveries.filter(({ version }) => version === to).map(({ partner, state }) => `${partner} (${state})`)
    return { to, at, whom: sent.length === 0 ? `nobody: there is no delivery to a partner of the group ${to}` : sent.join(', ') }
  })
}
