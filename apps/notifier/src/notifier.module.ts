import { ServiceRuntime, type ServiceDefinition } from '#libs/service'
import { STAGE_MIGRATIONS, STAGE_TABLES } from '#libs/stage'
import { Module, type DynamicModule } from '@nestjs/common'
import { CHANNEL_SENDERS } from './channels/channel-sender.js'
import { channelSenders } from './channels/channel-senders.js'
import { DeliveriesController } from './delivery/deliveries.http.js'
import { DELIVERIES, MESSAGES } from './delivery/delivery.table.js'
import { DeliveryLanes } from './delivery/delivery-lanes.js'
import { SendDelivery } from './delivery/send-delivery.js'
import { CreateNotifier1764000000000 } from './migrations/1764000000000-create-notifier.js'
import { NotifierConfig, readNotifierConfig } from './notifier.config.js'
import { NOTIFICATIONS } from './notifications/notification.table.js'
import { NotifyPartners } from './notifications/notify-partners.js'
import { RolloutEvents } from './notifications/rollout.events.js'
import { TellOfReversal } from './notifications/tell-of-reversal.js'
import { PARTNERS } from './partners/partner.table.js'
import { PartnersController } from './registration/partners.http.js'

@Module({})
class NotifierModule {
  static with(runtime: ServiceRuntime): DynamicModule {
    const config = readNotifierConfig(runtime.environment, runtime.profile)
    return {
      module: NotifierModule,
      controllers: [RolloutEvents, PartnersController, DeliveriesController],
      providers: [
        { provide: ServiceRuntime, useValue: runtime },
        { provide: NotifierConfig, useValue: config },
        { provide: CHANNEL_SENDERS, useValue: channelSenders(config) },
        DeliveryLanes,
        SendDelivery,
        NotifyPartners,
        TellOfReversal,
      ],
    }
  }
}

export const definition: ServiceDefinition = {
  name: 'notifier',
  tables: [...STAGE_TABLES, PARTNERS, MESSAGES, DELIVERIES, NOTIFICATIONS],
  migrations: [...STAGE_MIGRATIONS, CreateNotifier1764000000000],
  module: NotifierModule.with,
}
