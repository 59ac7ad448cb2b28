import type { ServiceDefinition } from '#libs/service'
import { STAGE_MIGRATIONS, STAGE_TABLES } from '#libs/stage'
import { Module } from '@nestjs/common'
import { DELIVERIES, MESSAGES } from './delivery/delivery.table.js'
import { BREAKERS } from './delivery/partner-gate.js'
import { EVIDENCE } from './delivery/evidence.table.js'
import { RECEIPTS } from './delivery/receipt.table.js'
import { CreateNotifier1764000000000 } from './migrations/1764000000000-create-notifier.js'
import { CreateReceipts1764000000001 } from './migrations/1764000000001-create-receipts.js'
import { CreateReversals1764000000002 } from './migrations/1764000000002-create-reversals.js'
import { NOTIFICATIONS } from './notifications/notification.table.js'
import { REVERSALS } from './notifications/reversal.table.js'
import { PARTNERS } from './partners/partner.table.js'
import { ChannelsModule } from './channels/channels.module.js'
import { DeliveryModule } from './delivery/delivery.module.js'
import { NotificationsModule } from './notifications/notifications.module.js'
import { PartnerTestsModule } from './partner-tests/partner-tests.module.js'
import { ReceiptsModule } from './receipts/receipts.module.js'
import { RedriveModule } from './redrive/redrive.module.js'
import { RegistrationModule } from './registration/registration.module.js'
import { SecretsModule } from './secrets/secrets.module.js'
import { TicketsModule } from './tickets/tickets.module.js'
import { UnsubscribesModule } from './unsubscribes/unsubscribes.module.js'
import { readNotifierConfig } from './notifier.config.js'

@Module({
  imports: [
    ChannelsModule,
    DeliveryModule,
    NotificationsModule,
    PartnerTestsModule,
    ReceiptsModule,
    RedriveModule,
    RegistrationModule,
    SecretsModule,
    TicketsModule,
    UnsubscribesModule,
  ],
})
class NotifierModule {}

export const definition: ServiceDefinition = {
  name: 'notifier',
  tables: [...STAGE_TABLES, PARTNERS, MESSAGES, DELIVERIES, BREAKERS, NOTIFICATIONS, REVERSALS, RECEIPTS, EVIDENCE],
  migrations: [...STAGE_MIGRATIONS, CreateNotifier1764000000000, CreateReceipts1764000000001, CreateReversals1764000000002],
  readConfig: readNotifierConfig,
  module: NotifierModule,
}
