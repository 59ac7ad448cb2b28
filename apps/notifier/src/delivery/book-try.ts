import { jsonIn } from '#libs/contracts'
import type { Outcome } from '../channels/channel-sender.js'
import type { Delivery, TryRecord } from './delivery.table.js'
import { nextAttemptAt } from './schedule.js'

const KEPT_TRIES = 20
/** Number of rejections that end a delivery: a permanent refusal is final only once it is repeated. */
const MAX_REJECTIONS = 2

/** Returns the delivery after an attempt. `overtaken`: a newer message waits in its lane, so a failure is not retried. */
export function bookTry(delivery: Delivery, outcome: Outcome, startedAt: Date, endedAt: Date, overtaken: boolean): Delivery {
  const { status = null, latencyMs, detail = null } = outcome
  const record: TryRecord = { at: startedAt.toISOString(), outcome: outcome.kind, status, latencyMs, detail }
  const firstAt = delivery.firstAt ?? record.at
  const tries = delivery.tries + 1
  const tried = { ...delivery, sending: false, tries, firstAt, nextAttemptAt: null, log: [...delivery.log, record].slice(-KEPT_TRIES) }
  if (outcome.kind === 'delivered') return { ...tried, state: 'delivered', deliveredAt: delivery.deliveredAt ?? endedAt.toISOString() }
  if (tried.log.filter((each) => each.outcome === 'rejected').length >= MAX_REJECTIONS) return { ...tried, state: endOf(delivery, 'dead') }
  if (overtaken) return { ...tried, state: endOf(delivery, 'superseded') }
  const next = nextAttemptAt({
    firstAt: new Date(firstAt),
    endedAt,
    attempt: tries,
    outcome: { kind: outcome.kind, status: outcome.status, timedOut: outcome.timedOut },
    retryAfterMs: outcome.retryAfterMs,
    seed: delivery.id,
  })
  return next instanceof Date ? { ...tried, nextAttemptAt: next.toISOString() } : { ...tried, state: endOf(delivery, 'dead') }
}

/** Final state of a delivery. A message that was delivered before a redrive stays delivered. */
export function endOf({ deliveredAt }: Delivery, state: 'dead' | 'superseded'): Delivery['state'] {
  return deliveredAt === null ? state : 'delivered'
}

/** `meta` marks a package of the integration layer. */
type Answer = { acknowledged?: unknown; meta?: unknown; data?: { acknowledged?: unknown } | null }

/**
 * Whether the response to a webhook acknowledges the message: a JSON object whose `acknowledged` is `true` or the message's id; a package
 * of the integration layer has it in its `data`. A response that repeats our own body, or is longer than the kept reply, does not.
 */
export function replyAcknowledges({ kind, reply }: Pick<Outcome, 'kind' | 'reply'>, messageId: string): boolean {
  if (kind !== 'delivered' || reply === undefined) return false
  const answer = jsonIn(reply) as Answer | null | undefined
  const acknowledged = answer?.acknowledged ?? (answer?.meta === undefined ? undefined : answer.data?.acknowledged)
  return acknowledged === true || acknowledged === messageId
}
