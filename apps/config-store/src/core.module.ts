import { runtimeModule } from '#libs/service'
import { Module } from '@nestjs/common'
import { StoreMetrics } from './store-metrics.js'
import { StoreTime } from './store-time.js'

/** Runtime of the service, the time of its database, and the metrics of several features. Every feature imports it. */
@Module({
  imports: [runtimeModule('config-store')],
  providers: [StoreTime, StoreMetrics],
  exports: [runtimeModule('config-store'), StoreTime, StoreMetrics],
})
export class CoreModule {}
