import { Rosters } from '#libs/service'
import { Signer, rawPublicKey, type Roster } from '#libs/signing'
import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { NotifierConfig } from '../notifier.config.js'
import { CHANNEL_SENDERS, type ChannelSenders } from './channel-sender.js'
import { WebhookKeysController } from './webhook/webhook-keys.http.js'
import { A2aSender } from './a2a/send-a2a.js'
import { Agent2AgentSender } from './a2a/send-agent2agent.js'
import { loadMailOptions } from './email/load-mail-options.js'
import { NO_MAIL, SmtpEmailSender } from './email/send-email.js'
import { SftpSender } from './sftp/sftp-sender.js'
import { sshSignature } from './sftp/ssh-signature.js'
import { UndiciWebhookSender } from './webhook/send-webhook.js'

@Module({
  imports: [CoreModule],
  controllers: [WebhookKeysController],
  providers: [{ provide: CHANNEL_SENDERS, inject: [NotifierConfig, Signer, Rosters], useFactory: channelSenders }],
  exports: [CHANNEL_SENDERS],
})
export class ChannelsModule {}

/** Creates the senders of this process, one for each kind of channel. */
function channelSenders({ deployment, mail }: NotifierConfig, signer: Signer, rosters: Rosters): Required<ChannelSenders> {
  return {
    webhook: new UndiciWebhookSender({ deployment, signer }),
    email: mail === undefined ? NO_MAIL : new SmtpEmailSender(() => loadMailOptions(mail)),
    sftp: new SftpSender({ deployment, sign: async (bytes) => sshSignature(bytes, signer, publicKeyOf(rosters.newest, signer)) }),
    a2a: new A2aSender({ deployment }),
    agent2agent: new Agent2AgentSender({ deployment }),
  }
}

/** Returns the raw public half of notifier's signing key from the roster, by which partners verify. */
export function publicKeyOf(roster: Roster, signer: Signer): Uint8Array {
  const key = roster.serviceKeys('notifier').get(signer.keyid)
  if (key === undefined) throw new Error('the roster does not name the key that notifier signs with')
  return rawPublicKey(key)
}
