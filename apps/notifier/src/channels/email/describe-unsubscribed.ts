import { command } from '#libs/contracts'
import type { MessageContent } from '../channel-sender.js'
import type { DescribedNews } from './described-news.js'

/** Describes for people on call that an address of a partner accepts no more mail. */
export function describeUnsubscribed({ unsubscribed, at }: MessageContent): DescribedNews {
  if (unsubscribed === undefined) throw new TypeError('a message of an address that unsubscribed has no address')
  const { partner, address, otherChannels } = unsubscribed
  const rest =
    otherChannels.length > 0
      ? `The partner is still notified by ${otherChannels.join(', ')}.`
      : 'Nothing else tells the partner: each message that would go there opens a ticket.'
  return {
    subject: `${partner.id} takes no more mail at ${address}`,
    headline: `${partner.name} unsubscribed ${address}`,
    sentences: [
      `The link in a mail was followed. The partner stays bound by every policy. ${rest}`,
      `Speak with the partner. ${command('partners.resubscribe', { partner: partner.id, address })} takes it back.`,
    ],
    changesHeading: '',
    changes: [],
    facts: [
      ['Partner', partner.id],
      ['Address', address],
      ['Unsubscribed', at],
    ],
  }
}
