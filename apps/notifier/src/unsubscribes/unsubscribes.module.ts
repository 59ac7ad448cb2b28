import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { DeliveryModule } from '../delivery/delivery.module.js'
import { SecretsModule } from '../secrets/secrets.module.js'
import { Unsubscribe } from './unsubscribe.js'
import { ResubscribeController, UnsubscribesController } from './unsubscribes.http.js'

@Module({
  imports: [CoreModule, DeliveryModule, SecretsModule],
  controllers: [UnsubscribesController, ResubscribeController],
  providers: [Unsubscribe],
})
export class UnsubscribesModule {}
