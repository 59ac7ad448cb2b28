import type { RunState, RunView, Ticket, TicketKind } from '#libs/contracts'
import { Outbox, policyKey } from '#libs/messaging'
import { Database, Timers, type Transaction } from '#libs/persistence'
import { escalate, expireTicket, nextStep, openTicket, ticketKindOf, settleTicket, type TicketCause } from '#libs/pipeline'
import { Metrics } from '#libs/platform'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { ApproverConfig } from '../approver.config.js'
import { REVIEW_OVERDUE, TICKET_COUNTER, TICKET_EXPIRY, TICKET_LADDER, TICKETS } from './ticket.table.js'

/** Limit of tickets per scrape, oldest first: a larger count gives no further information. */
const MAX_COUNTED = 1_000

/** Opens a ticket when a run needs a decision, escalates it while the decision is missing, and closes it when none is needed any more. */
@Injectable()
export class SyncTickets implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly timers: Timers,
    private readonly metrics: Metrics,
    private readonly config: ApproverConfig,
  ) {}

  onModuleInit(): void {
    this.timers.on(TICKET_LADDER, (tx, { data }) => this.escalateNext(tx, data.ticket))
    this.timers.on(TICKET_EXPIRY, (tx, { data }) => this.expire(tx, data.ticket))
    const metrics = new TicketMetrics(this.metrics)
    this.metrics.beforeCollect(() =>
      this.database.transaction(async (tx) =>
        metrics.update(await tx.documents(TICKETS).find({ where: { state: 'OPEN' }, orderBy: 'number', limit: MAX_COUNTED }), tx.now),
      ),
    )
  }

  /** Handles a changed state of a run, with its policies locked. Most runs never need a ticket: then nothing is read. */
  async execute(tx: Transaction, before: RunState | undefined, view: RunView): Promise<void> {
    const kind = ticketKindOf(view)
    if (kind === undefined && before !== 'PAUSED') return
    // A review of break-glass, or an unreached partner, has its own ticket, regardless of the run's state.
    const openTickets = await tx.documents(TICKETS).find({ where: { run: view.run, state: 'OPEN' } })
    const open = openTickets.find(({ kind: known }) => known !== 'BREAK_GLASS_REVIEW' && known !== 'UNDELIVERED')
    if (open !== undefined && open.kind === kind && open.attempt === view.attempt && open.reason === view.reason) return
    if (open !== undefined) await this.close(tx, settleTicket(open, view, tx.now))
    if (kind !== undefined) await this.open(tx, kind, view)
  }

  /** Stores a ticket that has ended, and notifies everyone who was notified of the ticket. */
  async close(tx: Transaction, ticket: Ticket): Promise<void> {
    await tx.documents(TICKETS).put(ticket)
    await this.timers.cancel(tx, ...[TICKET_LADDER, TICKET_EXPIRY, REVIEW_OVERDUE].map((kind) => `${kind}:${ticket.ticket}`))
    await this.notify(tx, 'hms.ticket.closed.v1', ticket)
  }

  /** Opens a ticket with the next number and notifies the first escalation step. `timer`: kind of timer for its deadline. */
  async create(tx: Transaction, make: (number: number) => Ticket, timer?: typeof TICKET_EXPIRY): Promise<Ticket> {
    const ticket = make(await this.nextNumber(tx))
    await tx.documents(TICKETS).put(ticket)
    await this.scheduleLadder(tx, ticket)
    if (timer !== undefined) await this.schedule(tx, timer, ticket, new Date(ticket.expiresAt))
    await this.notify(tx, 'hms.ticket.opened.v1', ticket)
    return ticket
  }

  /** Opens a ticket about a run. `cause`: given if the run's view does not contain the cause. */
  async open(tx: Transaction, kind: Ticket['kind'], view: RunView, cause?: TicketCause): Promise<void> {
    const isPaused = view.state === 'PAUSED' && kind !== 'UNDELIVERED'
    const expiresInMs = isPaused ? this.config.timeouts.pauseMs : this.config.reviewMs
    // A paused run has its own deadline; the end of the run closes the ticket.
    await this.create(tx, (number) => openTicket(number, kind, view, tx.now, expiresInMs, cause), isPaused ? undefined : TICKET_EXPIRY)
  }

  private async escalateNext(tx: Transaction, number: number): Promise<void> {
    const known = await tx.documents(TICKETS).get(String(number))
    const ticket = known === undefined ? undefined : escalate(known, tx.now)
    if (ticket === undefined || ticket === known) return
    await this.scheduleLadder(tx, ticket)
    await this.notifyEscalated(tx, ticket)
  }

  private async expire(tx: Transaction, number: number): Promise<void> {
    const known = await tx.documents(TICKETS).get(String(number))
    if (known?.state === 'OPEN') await this.close(tx, expireTicket(known, tx.now))
  }

  private async scheduleLadder(tx: Transaction, ticket: Ticket): Promise<void> {
    const step = nextStep(ticket)
    if (step !== undefined) await this.schedule(tx, TICKET_LADDER, ticket, step.at)
  }

  private schedule(tx: Transaction, kind: typeof TICKET_LADDER, { ticket, policies }: Ticket, dueAt: Date): Promise<void> {
    const keys = policies.map(({ id }) => policyKey(id))
    return this.timers.schedule(tx, { id: `${kind}:${ticket}`, kind, keys, data: { ticket }, dueAt })
  }

  /** Notifies again about an open ticket that has changed. */
  async notifyEscalated(tx: Transaction, ticket: Ticket): Promise<void> {
    await tx.documents(TICKETS).put(ticket)
    await this.notify(tx, 'hms.ticket.escalated.v1', ticket)
  }

  private async notify(
    tx: Transaction,
    type: 'hms.ticket.opened.v1' | 'hms.ticket.escalated.v1' | 'hms.ticket.closed.v1',
    ticket: Ticket,
  ): Promise<void> {
    const { run, attempt, policies } = ticket
    await this.outbox.emit(tx, type, { ticket }, { key: policies.map(({ id }) => id).sort()[0]!, run, attempt })
  }

  /** Returns the next ticket number. The counter is locked last, and until the end of the transaction. */
  private async nextNumber(tx: Transaction): Promise<number> {
    await tx.lock(['ticket-number'])
    const last = (await tx.documents(TICKET_COUNTER).get('ticket'))?.last ?? 0
    await tx.documents(TICKET_COUNTER).put({ id: 'ticket', last: last + 1 })
    return last + 1
  }
}

/** Severity of tickets. `high`: automation has acted, or could not act; `normal`: the run is safe while people decide. */
const SEVERITY: Record<TicketKind, 'high' | 'normal'> = {
  EMERGENCY_REVIEW: 'high',
  POISONED: 'high',
  BREAK_GLASS_REVIEW: 'high',
  INCONCLUSIVE: 'normal',
  ACK_TIMEOUT: 'normal',
  UNDELIVERED: 'normal',
}

export class TicketMetrics {
  private readonly open = this.metrics.gauge('review_open', 'Open tickets', ['severity'])
  private readonly overdue = this.metrics.gauge(
    'break_glass_reviews_overdue',
    'Overdue reviews of break-glass: their signers cannot approve until each is closed',
  )
  private readonly oldest = this.metrics.gauge('review_oldest_age_seconds', 'Age of the oldest open ticket')

  constructor(private readonly metrics: Metrics) {}

  /** Sets the gauges from all open tickets. `now`: time by the database's clock. */
  update(tickets: readonly Ticket[], now: Date): void {
    for (const severity of ['high', 'normal'] as const)
      this.open.set({ severity }, tickets.filter(({ kind }) => SEVERITY[kind] === severity).length)
    const isOverdue = ({ kind, expiresAt }: Ticket): boolean => kind === 'BREAK_GLASS_REVIEW' && Date.parse(expiresAt) <= now.getTime()
    this.overdue.set({}, tickets.filter(isOverdue).length)
    const ages = tickets.map(({ openedAt }) => (now.getTime() - Date.parse(openedAt)) / 1_000)
    this.oldest.set({}, Math.max(0, ...ages))
  }
}
