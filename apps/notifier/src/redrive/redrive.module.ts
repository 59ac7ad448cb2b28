import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { DeliveryModule } from '../delivery/delivery.module.js'
import { RedriveDeliveries } from './redrive-deliveries.js'
import { RedriveController } from './redrive.http.js'

@Module({ imports: [CoreModule, DeliveryModule], controllers: [RedriveController], providers: [RedriveDeliveries] })
export class RedriveModule {}
