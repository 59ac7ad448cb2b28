import { expect, it } from 'vitest'
import type { Ticket } from '#libs/contracts'
import { Metrics } from '#libs/platform'
import { TicketMetrics } from './sync-tickets.js'

const ticket = (kind: Ticket['kind'], openedAt: string, expiresAt = '2026-01-02T00:00:00Z'): Ticket =>
  ({ kind, openedAt, expiresAt }) as Ticket

it('counts open tickets by severity, and reports their age', async () => {
  const metrics = new Metrics()
  const counted = new TicketMetrics(metrics)
  const open = [
    ticket('EMERGENCY_REVIEW', '2026-01-01T00:09:00Z'),
    ticket('ACK_TIMEOUT', '2026-01-01T00:05:00Z'),
    ticket('INCONCLUSIVE', '2026-01-01T00:08:00Z'),
  ]
  counted.update(open, new Date('2026-01-01T00:10:00Z'))
  const page = await metrics.render()
  for (const line of ['review_open{severity="high"} 1', 'review_open{severity="normal"} 2', 'review_oldest_age_seconds 300'])
    expect(page).toContain(`hms_svc_${line}`)
  counted.update([], new Date('2026-01-01T00:10:00Z'))
  expect(await metrics.render()).toContain('hms_svc_review_oldest_age_seconds 0')
})

it('counts overdue break-glass reviews from their deadline on, and no other tickets', async () => {
  const metrics = new Metrics()
  const counted = new TicketMetrics(metrics)
  const due = '2026-01-01T12:00:00Z'
  const open = [
    ticket('BREAK_GLASS_REVIEW', '2026-01-01T00:00:00Z', due),
    ticket('BREAK_GLASS_REVIEW', '2026-01-01T00:00:00Z'),
    ticket('EMERGENCY_REVIEW', '2026-01-01T00:00:00Z', due),
  ]
  const at = async (time: string): Promise<string> => {
    counted.update(open, new Date(time))
    return metrics.render()
  }
  expect(await at('2026-01-01T11:59:59.999Z')).toContain('hms_svc_break_glass_reviews_overdue 0')
  expect(await at(due)).toContain('hms_svc_break_glass_reviews_overdue 1')
})
