import type { Outcome } from '../channels/channel-sender.js'

/** `meta`: of a package. */
type Answer = { acknowledged?: unknown; meta?: unknown; data?: { acknowledged?: unknown } | null }

/**
 * Whether the answer to a webhook says that the partner took the message up: a JSON object whose `acknowledged` is `true` or the message's
 * id; a package of the integration layer has it in its `data`. An answer that repeats our own body does not say it, and neither does one
 * that was longer than what is kept.
 */
export function replyAcknowledges({ kind, reply }: Pick<Outcome, 'kind' | 'reply'>, messageId: string): boolean {
  if (kind !== 'delivered' || reply === undefined) return false
  try {
    const answer = JSON.parse(reply) as Answer | null
    const acknowledged = answer?.acknowledged ?? (answer?.meta === undefined ? undefined : answer.data?.acknowledged)
    return acknowledged === true || acknowledged === messageId
  } catch {
    return false
  }
}
