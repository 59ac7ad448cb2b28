import type { Envelope } from './envelope.js'
import type { DeliveryView } from './api/deliveries.js'
import type { RunPolicy } from './runs.js'

export const TICKET_KINDS = ['EMERGENCY_REVIEW', 'INCONCLUSIVE', 'ACK_TIMEOUT', 'POISONED', 'UNDELIVERED', 'BREAK_GLASS_REVIEW'] as const
export type TicketKind = (typeof TICKET_KINDS)[number]

/** States of a ticket; all but OPEN are terminal. `MOOT`: closed without a decision, because the run continued or partners were reached. */
export const TICKET_STATES = ['OPEN', 'DECIDED', 'EXPIRED', 'MOOT'] as const
export type TicketState = (typeof TICKET_STATES)[number]

/** Decisions that close a ticket. `accept` confirms the automatic action; the others are decisions about the run. */
export const TICKET_DECISIONS = ['promote', 'extend', 'resume', 'retry', 'abort', 'accept'] as const
export type TicketDecision = (typeof TICKET_DECISIONS)[number]

/** Partner groups in the order of escalation while a ticket is open. */
export const LADDER = ['on-call', 'second', 'director'] as const
export type LadderStep = (typeof LADDER)[number]

/** A request to people to decide about one attempt of a run, after automation has acted. */
export interface Ticket {
  ticket: number
  run: number
  attempt: number
  /** Release digest of the run; decisions are bound to it. */
  digest: string
  policies: RunPolicy[]
  kind: TicketKind
  state: TicketState
  /** Code of why the ticket was opened. */
  reason: string
  detail: string
  allowed: TicketDecision[]
  openedAt: string
  /** Time of the safe outcome: a paused run aborts, an automatic rollback stays. A break-glass review becomes overdue, and stays open. */
  expiresAt: string
  told: { to: LadderStep; at: string }[]
  decided: TicketAnswer | null
  /** UNDELIVERED: ids of messages not delivered yet. If absent, only a person can close the ticket. */
  unreached?: string[]
  /** Review of break-glass: names of the signers, who cannot close it. */
  actors?: string[]
  /** Review of break-glass: when it became overdue. */
  overdueAt?: string
  closedAt: string | null
}

export interface TicketAnswer {
  decision: string
  /** Name of the person. */
  by: string
  reason: string
  /** Reason sent to partners. */
  publicReason?: string
  at: string
  /** Signed statement of the person. Missing if an earlier build closed the ticket. */
  statement?: Envelope
}

/** Partners notified at one escalation step of a ticket. */
export interface StepNotified {
  to: LadderStep
  at: string
  /** `anna (delivered), ben (pending)`, or `none: …`, or a note that the deliveries cannot be read. */
  partners: string
}

/** Returns the escalation steps with the partners notified at each. `deliveries`: of this ticket; `undefined` if they cannot be read. */
export function notifiedSteps(
  ticket: Pick<Ticket, 'told'>,
  deliveries: readonly Pick<DeliveryView, 'version' | 'partner' | 'state'>[] | undefined,
): StepNotified[] {
  return ticket.told.map(({ to, at }) => {
    if (deliveries === undefined) return { to, at, partners: 'its deliveries cannot be read now' }
    const sent = deliveries.filter(({ version }) => version === to).map(({ partner, state }) => `${partner} (${state})`)
    return { to, at, partners: sent.length === 0 ? `none: there is no delivery to a partner of the group ${to}` : sent.join(', ') }
  })
}
