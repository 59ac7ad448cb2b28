import type { NotifierConfig } from '../notifier.config.js'
import type { ChannelSenders } from './channel-sender.js'
import { UndiciWebhookSender } from './webhook/send-webhook.js'

/** The senders of this process. A new kind of channel is one line here. */
export function channelSenders({ deployment }: NotifierConfig): ChannelSenders {
  return {
    webhook: new UndiciWebhookSender({ deployment }),
  }
}
