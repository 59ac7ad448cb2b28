import type { Outcome } from '../channels/channel-sender.js'

/** `meta` marks a package of the integration layer. */
type Answer = { acknowledged?: unknown; meta?: unknown; data?: { acknowledged?: unknown } | null }

/**
 * Whether the response to a webhook acknowledges the message: a JSON object whose `acknowledged` is `true` or the message's id; a package
 * of the integration layer has it in its `data`. A response that repeats our own body, or is longer than the kept reply, does not.
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
