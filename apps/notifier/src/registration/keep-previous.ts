import { liveSecrets, type WebhookChannel } from '../partners/channel.js'
import type { Partner } from '../partners/partner.js'
import { openChannel } from '../secrets/sealed-channels.js'
import type { SecretBox } from '../secrets/secret-box.js'

/** Time in ms for a receiver to install a new secret. */
export const OVERLAP_MS = 24 * 60 * 60_000

/**
 * Returns the given partner with the webhook secrets that it replaces. A previous secret also signs for a day, so the two sides need not
 * change at the same moment. `known`: the partner as stored.
 */
export async function keepPrevious(box: SecretBox, given: Partner, known: Partner | undefined, now: Date): Promise<Partner> {
  const before = await Promise.all((known?.channels ?? []).map((channel) => opened(box, given.id, channel)))
  const channels = given.channels.map((channel) => {
    const old = channel.kind === 'webhook' ? before.find((each) => each?.url === channel.url) : undefined
    return channel.kind === 'webhook' && old !== undefined ? withPrevious(channel, old, now) : channel
  })
  return { ...given, channels }
}

function withPrevious(channel: WebhookChannel, old: WebhookChannel, now: Date): WebhookChannel {
  // Repeating the same registration does not end an overlap.
  if (old.secret === channel.secret) return liveSecrets(old, now).length > 1 ? { ...channel, previous: old.previous } : channel
  return { ...channel, previous: { secret: old.secret, until: new Date(now.getTime() + OVERLAP_MS).toISOString() } }
}

/** Decrypts a stored channel; `undefined` if it cannot: the secret is then replaced immediately, to recover from a lost key. */
async function opened(box: SecretBox, partner: string, channel: Partner['channels'][number]): Promise<WebhookChannel | undefined> {
  if (channel.kind !== 'webhook') return undefined
  return openChannel(box, partner, channel).catch(() => undefined)
}
