import { ENVIRONMENT, PROFILE, Rosters, runtimeModule, type ServiceDefinition } from '#libs/service'
import { Signer } from '#libs/signing'
import { STAGE_MIGRATIONS, STAGE_TABLES } from '#libs/stage'
import { Module } from '@nestjs/common'
import { CHANNEL_SENDERS } from './channels/channel-sender.js'
import { channelSenders } from './channels/channel-senders.js'
import { WebhookKeysController } from './channels/webhook/webhook-keys.http.js'
import { DeliveriesController } from './delivery/deliveries.http.js'
import { DELIVERIES, MESSAGES } from './delivery/delivery.table.js'
import { DeliveryLanes } from './delivery/delivery-lanes.js'
import { BREAKERS } from './delivery/partner-gate.js'
import { SendDelivery } from './delivery/send-delivery.js'
import { SendSlots } from './delivery/send-slots.js'
import { EVIDENCE } from './delivery/evidence.table.js'
import { RECEIPTS } from './delivery/receipt.table.js'
import { CreateNotifier1764000000000 } from './migrations/1764000000000-create-notifier.js'
import { CreateReceipts1764000000001 } from './migrations/1764000000001-create-receipts.js'
import { CreateReversals1764000000002 } from './migrations/1764000000002-create-reversals.js'
import { NotifierConfig, readNotifierConfig } from './notifier.config.js'
import { NOTIFICATIONS } from './notifications/notification.table.js'
import { NotifyPartners } from './notifications/notify-partners.js'
import { ReportUndelivered } from './notifications/report-undelivered.js'
import { REVERSALS } from './notifications/reversal.table.js'
import { RolloutEvents } from './notifications/rollout.events.js'
import { TellOfReversal } from './notifications/tell-of-reversal.js'
import { PARTNERS } from './partners/partner.table.js'
import { PartnerTestsController } from './partner-tests/partner-tests.http.js'
import { TestPartner } from './partner-tests/test-partner.js'
import { PartnersController } from './registration/partners.http.js'
import { Acknowledge } from './receipts/acknowledge.js'
import { LookForAcks } from './receipts/look-for-acks.js'
import { ReceiptsController } from './receipts/receipts.http.js'
import { RedriveDeliveries } from './redrive/redrive-deliveries.js'
import { RedriveController } from './redrive/redrive.http.js'
import { ResealSecrets } from './secrets/reseal-secrets.js'
import { SecretBox } from './secrets/secret-box.js'
import { readSecretKeys } from './secrets/secret-keys.js'
import { TellOfTicket } from './tickets/tell-of-ticket.js'
import { TicketEvents } from './tickets/ticket.events.js'
import { Unsubscribe } from './unsubscribes/unsubscribe.js'
import { ResubscribeController, UnsubscribesController } from './unsubscribes/unsubscribes.http.js'

@Module({
  imports: [runtimeModule('notifier')],
  controllers: [
    RolloutEvents,
    TicketEvents,
    PartnersController,
    PartnerTestsController,
    WebhookKeysController,
    DeliveriesController,
    RedriveController,
    ReceiptsController,
    UnsubscribesController,
    ResubscribeController,
  ],
  providers: [
    { provide: NotifierConfig, inject: [ENVIRONMENT, PROFILE], useFactory: readNotifierConfig },
    { provide: CHANNEL_SENDERS, inject: [NotifierConfig, Signer, Rosters], useFactory: channelSenders },
    { provide: SecretBox, inject: [NotifierConfig], useFactory: (config: NotifierConfig) => new SecretBox(() => readSecretKeys(config)) },
    ResealSecrets,
    DeliveryLanes,
    SendSlots,
    SendDelivery,
    NotifyPartners,
    TellOfReversal,
    TellOfTicket,
    ReportUndelivered,
    RedriveDeliveries,
    Acknowledge,
    LookForAcks,
    TestPartner,
    Unsubscribe,
  ],
})
class NotifierModule {}

export const definition: ServiceDefinition = {
  name: 'notifier',
  tables: [...STAGE_TABLES, PARTNERS, MESSAGES, DELIVERIES, BREAKERS, NOTIFICATIONS, REVERSALS, RECEIPTS, EVIDENCE],
  migrations: [...STAGE_MIGRATIONS, CreateNotifier1764000000000, CreateReceipts1764000000001, CreateReversals1764000000002],
  module: NotifierModule,
}
