import type { Outcome } from '../channels/channel-sender.js'
import type { Delivery, AttemptRecord } from './delivery.table.js'
import { nextAttemptAt } from './schedule.js'

const MAX_LOGGED_ATTEMPTS = 20
/** Number of rejections that end a delivery: a permanent refusal is final only once it is repeated. */
const MAX_REJECTIONS = 2

/** Returns the delivery after an attempt, with the outcome as state. `overtaken`: a newer message waits, so a failure is not retried. */
export function recordAttempt(delivery: Delivery, outcome: Outcome, startedAt: Date, endedAt: Date, overtaken: boolean): Delivery {
  const { status = null, latencyMs, detail = null, task } = outcome
  const record: AttemptRecord = { at: startedAt.toISOString(), outcome: outcome.kind, status, latencyMs, detail }
  const firstAt = delivery.firstAt ?? record.at
  const tries = delivery.tries + 1
  const log = [...delivery.log, record].slice(-MAX_LOGGED_ATTEMPTS)
  const attempted = { ...delivery, sending: false, tries, firstAt, nextAttemptAt: null, log, task }
  if (outcome.kind === 'delivered') return { ...attempted, state: 'delivered', deliveredAt: delivery.deliveredAt ?? endedAt.toISOString() }
  if (log.filter((each) => each.outcome === 'rejected').length >= MAX_REJECTIONS) return { ...attempted, state: 'dead' }
  if (overtaken) return { ...attempted, state: 'superseded' }
  const next = nextAttemptAt({
    firstAt: new Date(firstAt),
    endedAt,
    attempt: tries,
    outcome: { kind: outcome.kind, status: outcome.status, timedOut: outcome.timedOut },
    retryAfterMs: outcome.retryAfterMs,
    seed: delivery.id,
  })
  return next instanceof Date ? { ...attempted, nextAttemptAt: next.toISOString() } : { ...attempted, state: 'dead' }
}

/** Returns the stored state for an outcome. A message that was delivered before a redrive stays delivered. */
export function endOf({ deliveredAt }: Delivery, outcome: Delivery['state']): Delivery['state'] {
  return deliveredAt === null || outcome === 'pending' ? outcome : 'delivered'
}
