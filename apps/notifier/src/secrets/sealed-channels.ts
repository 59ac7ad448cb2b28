import type { Channel } from '../partners/channel.js'
import type { Partner } from '../partners/partner.js'
import type { SecretBox } from './secret-box.js'

export async function sealPartner<P extends Partner>(box: SecretBox, partner: P): Promise<P> {
  return withChannels(partner, (channel) => withSecret(channel, (secret) => box.seal(secret, ownerOf(partner.id, channel))))
}

/** Returns a stored channel with its secret decrypted, for one attempt. */
export function openChannel<C extends Channel>(box: SecretBox, partner: string, channel: C): Promise<C> {
  return withSecret(channel, (secret) => box.open(secret, ownerOf(partner, channel))) as Promise<C>
}

/** Returns the partner with its secrets sealed by the newest key; the same object if they already are. Throws `HMS_SECRETS_KEY_WRONG`. */
export async function resealPartner<P extends Partner>(box: SecretBox, stored: P): Promise<P> {
  let isStale = false
  const resealed = await withChannels(stored, (channel) =>
    withSecret(channel, async (secret) => {
      const owner = ownerOf(stored.id, channel)
      const text = await box.open(secret, owner)
      if (await box.isFresh(secret)) return secret
      isStale = true
      return box.seal(text, owner)
    }),
  )
  return isStale ? resealed : stored
}

function ownerOf(partner: string, { kind }: Channel): string {
  return `partner/${partner}/${kind}`
}

async function withChannels<P extends Partner>(partner: P, change: (channel: Channel) => Promise<Channel>): Promise<P> {
  return { ...partner, channels: await Promise.all(partner.channels.map(change)) }
}

async function withSecret(channel: Channel, change: (secret: string) => Promise<string>): Promise<Channel> {
  switch (channel.kind) {
    case 'webhook': {
      const { previous } = channel
      const kept = previous === undefined ? {} : { previous: { ...previous, secret: await change(previous.secret) } }
      return { ...channel, secret: await change(channel.secret), ...kept }
    }
    case 'a2a':
    case 'agent2agent':
      return { ...channel, secret: await change(channel.secret) }
    case 'sftp':
      return { ...channel, key: await change(channel.key) }
    case 'email':
      return channel
  }
}
