import type { Outcome } from '../channels/channel-sender.js'

/**
 * Whether the answer to a webhook says that the partner took the message up: a JSON object whose `acknowledged` is `true` or the message's
 * id. An answer that repeats our own body does not say it, and neither does one that was longer than what is kept.
 */
export function replyAcknowledges({ kind, reply }: Pick<Outcome, 'kind' | 'reply'>, messageId: string): boolean {
  if (kind !== 'delivered' || reply === undefined) return false
  try {
    const answer = JSON.parse(reply) as { acknowledged?: unknown } | null
    return answer?.acknowledged === true || answer?.acknowledged === messageId
  } catch {
    return false
  }
}
