import { Module } from '@nestjs/common'
import { ChannelsModule } from '../channels/channels.module.js'
import { CoreModule } from '../core.module.js'
import { SecretsModule } from '../secrets/secrets.module.js'
import { PartnerTestsController } from './partner-tests.http.js'
import { TestPartner } from './test-partner.js'

@Module({ imports: [CoreModule, ChannelsModule, SecretsModule], controllers: [PartnerTestsController], providers: [TestPartner] })
export class PartnerTestsModule {}
