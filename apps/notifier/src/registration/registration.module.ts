import { Module } from '@nestjs/common'
import { ChannelsModule } from '../channels/channels.module.js'
import { CoreModule } from '../core.module.js'
import { SecretsModule } from '../secrets/secrets.module.js'
import { PartnersController } from './partners.http.js'

@Module({ imports: [CoreModule, ChannelsModule, SecretsModule], controllers: [PartnersController] })
export class RegistrationModule {}
