import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { DeliveryModule } from '../delivery/delivery.module.js'
import { NotifyPartners } from './notify-partners.js'
import { ReportUndelivered } from './report-undelivered.js'
import { RolloutEvents } from './rollout.events.js'
import { NotifyReversal } from './notify-reversal.js'

@Module({
  imports: [CoreModule, DeliveryModule],
  controllers: [RolloutEvents],
  providers: [NotifyPartners, NotifyReversal, ReportUndelivered],
})
export class NotificationsModule {}
