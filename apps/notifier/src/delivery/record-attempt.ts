import { jsonIn } from '#libs/contracts'
import type { Outcome } from '../channels/channel-sender.js'
import type { Delivery, AttemptRecord } from './delivery.table.js'
import { nextAttemptAt } from './schedule.js'

const MAX_LOGGED_ATTEMPTS = 20
/** Number of rejections that end a delivery: a permanent refusal is final only once it is repeated. */
const MAX_REJECTIONS = 2

/** Returns the delivery after an attempt. `overtaken`: a newer message waits in its lane, so a failure is not retried. */
export function recordAttempt(delivery: Delivery, outcome: Outcome, startedAt: Date, endedAt: Date, overtaken: boolean): Delivery {
  const { status = null, latencyMs, detail = null } = outcome
  const record: AttemptRecord = { at: startedAt.toISOString(), outcome: outcome.kind, status, latencyMs, detail }
  const firstAt = delivery.firstAt ?? record.at
  const tries = delivery.tries + 1
  const log = [...delivery.log, record].slice(-MAX_LOGGED_ATTEMPTS)
  const attempted = { ...delivery, sending: false, tries, firstAt, nextAttemptAt: null, log }
  if (outcome.kind === 'delivered') return { ...attempted, state: 'delivered', deliveredAt: delivery.deliveredAt ?? endedAt.toISOString() }
  if (log.filter((each) => each.outcome === 'rejected').length >= MAX_REJECTIONS) return { ...attempted, state: endOf(delivery, 'dead') }
  if (overtaken) return { ...attempted, state: endOf(delivery, 'superseded') }
  const next = nextAttemptAt({
    firstAt: new Date(firstAt),
    endedAt,
    attempt: tries,
    outcome: { kind: outcome.kind, status: outcome.status, timedOut: outcome.timedOut },
    retryAfterMs: outcome.retryAfterMs,
    seed: delivery.id,
  })
  return next instanceof Date ? { ...attempted, nextAttemptAt: next.toISOString() } : { ...attempted, state: endOf(delivery, 'dead') }
}

/** Final state of a delivery. A message that was delivered before a redrive stays delivered. */
export function endOf({ deliveredAt }: Delivery, state: 'dead' | 'superseded'): Delivery['state'] {
  return deliveredAt === null ? state : 'delivered'
}

/** `meta` marks a package of the integration layer. */
type WebhookReply = { acknowledged?: unknown; meta?: unknown; data?: { acknowledged?: unknown } | null }

/**
 * Whether the response to a webhook acknowledges the message: a JSON object whose `acknowledged` is `true` or the message's id; a package
 * of the integration layer has it in its `data`. A response that repeats our own body, or is longer than the kept reply, does not.
 */
export function replyAcknowledges({ kind, reply }: Pick<Outcome, 'kind' | 'reply'>, messageId: string): boolean {
  if (kind !== 'delivered' || reply === undefined) return false
  const response = jsonIn(reply) as WebhookReply | null | undefined
  const acknowledged = response?.acknowledged ?? (response?.meta === undefined ? undefined : response.data?.acknowledged)
  return acknowledged === true || acknowledged === messageId
}
