import { Module } from '@nestjs/common'
import { CopyModule } from '../copy/copy.module.js'
import { CoreModule } from '../core.module.js'
import { CoverageModule } from '../coverage/coverage.module.js'
import { HeadsModule } from '../heads/heads.module.js'
import { EventsController } from './events.http.js'
import { Broadcast } from './broadcast.js'
import { StreamEndpoint } from './stream-endpoint.js'

@Module({
  imports: [CoreModule, HeadsModule, CopyModule, CoverageModule],
  controllers: [EventsController],
  providers: [Broadcast, StreamEndpoint],
})
export class DeliveryModule {}
