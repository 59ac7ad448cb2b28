import { Module } from '@nestjs/common'
import { ChannelsModule } from '../channels/channels.module.js'
import { CoreModule } from '../core.module.js'
import { DeliveryModule } from '../delivery/delivery.module.js'
import { SecretsModule } from '../secrets/secrets.module.js'
import { Acknowledge } from './acknowledge.js'
import { CheckForAcks } from './check-for-acks.js'
import { ReceiptsController } from './receipts.http.js'

@Module({
  imports: [CoreModule, ChannelsModule, DeliveryModule, SecretsModule],
  controllers: [ReceiptsController],
  providers: [Acknowledge, CheckForAcks],
})
export class ReceiptsModule {}
