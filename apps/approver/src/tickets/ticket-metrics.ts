import type { Ticket, TicketKind } from '#libs/contracts'
import type { Metrics } from '#libs/platform'

/** `high`: automation has acted, or could not; `normal`: a run waits for an answer and is safe meanwhile. */
const SEVERITY: Record<TicketKind, 'high' | 'normal'> = {
  EMERGENCY_REVIEW: 'high',
  POISONED: 'high',
  BREAK_GLASS_REVIEW: 'high',
  INCONCLUSIVE: 'normal',
  ACK_TIMEOUT: 'normal',
  UNDELIVERED: 'normal',
}

/** Counts the open tickets: questions without an answer. */
export class TicketMetrics {
  private readonly open = this.metrics.gauge('review_open', 'Open tickets', ['severity'])
  private readonly overdue = this.metrics.gauge(
    'break_glass_reviews_overdue',
    'Overdue reviews of break-glass: their signers cannot approve until each is closed',
    [],
  )
  private readonly oldest = this.metrics.gauge('review_oldest_age_seconds', 'For how long the oldest of them has been waiting', [])

  constructor(private readonly metrics: Metrics) {}

  /** Sets the gauges from all open tickets, and the time by the database's clock. */
  show(tickets: readonly Ticket[], now: Date): void {
    for (const severity of ['high', 'normal'] as const)
      this.open.set({ severity }, tickets.filter(({ kind }) => SEVERITY[kind] === severity).length)
    const isOverdue = ({ kind, expiresAt }: Ticket): boolean => kind === 'BREAK_GLASS_REVIEW' && Date.parse(expiresAt) <= now.getTime()
    this.overdue.set({}, tickets.filter(isOverdue).length)
    const ages = tickets.map(({ openedAt }) => (now.getTime() - Date.parse(openedAt)) / 1_000)
    this.oldest.set({}, Math.max(0, ...ages))
  }
}
