import { Module } from '@nestjs/common'
import { ChannelsModule } from '../channels/channels.module.js'
import { CoreModule } from '../core.module.js'
import { SecretsModule } from '../secrets/secrets.module.js'
import { DeliveriesController } from './deliveries.http.js'
import { DeliveryLanes } from './delivery-lanes.js'
import { SendDelivery } from './send-delivery.js'
import { SendSlots } from './send-slots.js'

@Module({
  imports: [CoreModule, ChannelsModule, SecretsModule],
  controllers: [DeliveriesController],
  providers: [DeliveryLanes, SendSlots, SendDelivery],
  exports: [DeliveryLanes, SendSlots],
})
export class DeliveryModule {}
