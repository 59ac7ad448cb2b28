import type { BreakGlassReview, Ticket, TicketAnswer } from '#libs/contracts'
import { Timers, type Transaction } from '#libs/persistence'
import { answerTicket, openReview, overdueReview } from '#libs/pipeline'
import type { Principal } from '#libs/signing'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { ApproverConfig } from '../approver.config.js'
import { runOf, type RunRecord } from '../runs/run.table.js'
import { SaveRun } from '../runs/save-run.js'
import { SyncTickets } from '../tickets/sync-tickets.js'
import { REVIEW_OVERDUE, TICKETS } from '../tickets/ticket.table.js'
import { REVIEW_LOCKS } from '../tickets/review-lock.table.js'

/** Review that every break-glass opens. Unless a non-signer closes it in time, the signers cannot approve until it is closed. */
@Injectable()
export class ReviewBreakGlass implements OnModuleInit {
  constructor(
    private readonly timers: Timers,
    private readonly config: ApproverConfig,
    private readonly syncTickets: SyncTickets,
    private readonly saveRun: SaveRun,
  ) {}

  onModuleInit(): void {
    this.timers.on(REVIEW_OVERDUE, (tx, { data }) => this.overdue(tx, data.ticket))
  }

  /** Opens the review in the transaction that accepts the signatures. */
  async open(tx: Transaction, { facts, approval }: RunRecord, reason: string, actors: readonly Principal[]): Promise<BreakGlassReview> {
    const { run, attempt, policies } = facts
    const about = { run, attempt, digest: approval, policies, reason, actors: actors.map(({ name }) => name) }
    const { ticket, expiresAt: dueAt } = await this.syncTickets.create(
      tx,
      (number) => openReview(number, about, tx.now, this.config.breakGlassReviewMs),
      REVIEW_OVERDUE,
    )
    for (const { id: actor } of actors) await tx.documents(REVIEW_LOCKS).put({ ticket, run, actor, dueAt })
    return { ticket, dueAt, state: 'OPEN' }
  }

  /** Closes the review and unlocks its signers. The caller has checked the person and locked the policies. */
  async close(tx: Transaction, ticket: Ticket, answer: TicketAnswer, record: RunRecord): Promise<Ticket> {
    const closed = answerTicket(ticket, answer, tx.now)
    await this.syncTickets.close(tx, closed)
    for (const lock of await tx.documents(REVIEW_LOCKS).find({ where: { ticket: ticket.ticket } }))
      await tx.documents(REVIEW_LOCKS).delete(`${lock.ticket}:${lock.actor}`)
    await this.updateReview(tx, record, { state: 'CLOSED', closedBy: answer.by })
    return closed
  }

  /** Marks the review overdue. It stays open until a person closes it. */
  private async overdue(tx: Transaction, number: number): Promise<void> {
    const known = await tx.documents(TICKETS).get(String(number))
    const ticket = known === undefined ? undefined : overdueReview(known, tx.now)
    if (ticket === undefined || ticket === known) return
    await this.syncTickets.notifyEscalated(tx, ticket)
    const record = await runOf(tx, ticket.run)
    if (record !== undefined) await this.updateReview(tx, record, { state: 'OVERDUE' })
  }

  private async updateReview(tx: Transaction, record: RunRecord, changes: Partial<BreakGlassReview>): Promise<void> {
    const { breakGlass } = record.facts
    if (breakGlass === undefined) return
    const review = { ...breakGlass.review, ...changes }
    await this.saveRun.execute(tx, { ...record, facts: { ...record.facts, breakGlass: { ...breakGlass, review } } })
  }
}
