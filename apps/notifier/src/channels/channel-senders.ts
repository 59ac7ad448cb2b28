import type { NotifierConfig } from '../notifier.config.js'
import type { ChannelSenders } from './channel-sender.js'
import { openMail } from './email/open-mail.js'
import { NoEmailSender, SmtpEmailSender } from './email/send-email.js'
import { UndiciWebhookSender } from './webhook/send-webhook.js'

/** The senders of this process. A new kind of channel is one line here. */
export function channelSenders({ deployment, mail }: NotifierConfig): ChannelSenders {
  return {
    webhook: new UndiciWebhookSender({ deployment }),
    email: mail === undefined ? new NoEmailSender() : new SmtpEmailSender(() => openMail(mail)),
  }
}
