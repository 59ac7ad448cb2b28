import { ServiceRuntime, type ServiceDefinition } from '#libs/service'
import { STAGE_MIGRATIONS, STAGE_TABLES } from '#libs/stage'
import { Module, type DynamicModule } from '@nestjs/common'
import { DeliveriesController } from './delivery/deliveries.http.js'
import { DELIVERIES } from './delivery/delivery.table.js'
import { DeliveryLanes } from './delivery/delivery-lanes.js'
import { SendDelivery } from './delivery/send-delivery.js'
import { UndiciWebhookSender } from './delivery/send-webhook.js'
import { WEBHOOK_SENDER } from './delivery/webhook-sender.js'
import { CreateNotifier1764000000000 } from './migrations/1764000000000-create-notifier.js'
import { NotifierConfig, readNotifierConfig } from './notifier.config.js'
import { NOTIFICATIONS } from './notifications/notification.table.js'
import { NotifyPartners } from './notifications/notify-partners.js'
import { RolloutEvents } from './notifications/rollout.events.js'
import { TellOfReversal } from './notifications/tell-of-reversal.js'
import { PARTNERS } from './partners/partner.table.js'
import { PartnersController } from './partners/partners.http.js'

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
        { provide: WEBHOOK_SENDER, useValue: new UndiciWebhookSender({ deployment: config.deployment }) },
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
  tables: [...STAGE_TABLES, PARTNERS, DELIVERIES, NOTIFICATIONS],
  migrations: [...STAGE_MIGRATIONS, CreateNotifier1764000000000],
  module: NotifierModule.with,
}
