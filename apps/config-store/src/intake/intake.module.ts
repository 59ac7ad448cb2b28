import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { CoverageModule } from '../coverage/coverage.module.js'
import { HeadsModule } from '../heads/heads.module.js'
import { HeadsEvents } from './heads.events.js'
import { HeadsController } from './heads.http.js'
import { StoreHeads } from './store-heads.js'
import { RecordFreshness } from './record-freshness.js'

/** Stores the heads that rollout and canary-controller issue, from the bus and from HTTP. */
@Module({
  imports: [CoreModule, HeadsModule, CoverageModule],
  controllers: [HeadsEvents, HeadsController],
  providers: [StoreHeads, RecordFreshness],
  exports: [StoreHeads],
})
export class IntakeModule {}
