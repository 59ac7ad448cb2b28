import { Rosters } from '#libs/service'
import { Signer } from '#libs/signing'
import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { NotifierConfig } from '../notifier.config.js'
import { CHANNEL_SENDERS } from './channel-sender.js'
import { channelSenders } from './channel-senders.js'
import { WebhookKeysController } from './webhook/webhook-keys.http.js'

@Module({
  imports: [CoreModule],
  controllers: [WebhookKeysController],
  providers: [{ provide: CHANNEL_SENDERS, inject: [NotifierConfig, Signer, Rosters], useFactory: channelSenders }],
  exports: [CHANNEL_SENDERS],
})
export class ChannelsModule {}
