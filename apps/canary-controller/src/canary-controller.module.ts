import { ENVIRONMENT, runtimeModule, type ServiceDefinition } from '#libs/service'
import { RELEASE_MIGRATIONS, RELEASE_TABLES, ReleaseProofs, STAGE_MIGRATIONS, STAGE_TABLES } from '#libs/stage'
import { Module } from '@nestjs/common'
import { CanariesController } from './canaries/canaries.http.js'
import { CanariesEvents } from './canaries/canaries.events.js'
import { CANARIES, CANARY_HEADS } from './canaries/canary.table.js'
import { advanceCanaryCounters, CanaryHeads } from './canaries/canary-heads.js'
import { CanaryEffects } from './canaries/canary-effects.js'
import { JudgeAlert } from './canaries/judge-alert.js'
import { RunCanary } from './canaries/run-canary.js'
import { AcceptUnsignedAlerts, UNSIGNED_ALERTS } from './canaries/accept-unsigned-alerts.js'
import { Prometheus } from './metrics/prometheus.js'
import { RegionQueue } from './canaries/region-queue.js'
import { CanaryControllerConfig, readCanaryControllerConfig } from './canary-controller.config.js'
import { CreateCanaryController1764000000000 } from './migrations/1764000000000-create-canary-controller.js'

@Module({
  imports: [runtimeModule('canary-controller')],
  controllers: [CanariesEvents, CanariesController],
  providers: [
    { provide: CanaryControllerConfig, inject: [ENVIRONMENT], useFactory: readCanaryControllerConfig },
    {
      provide: Prometheus,
      inject: [CanaryControllerConfig],
      useFactory: ({ prometheus }: CanaryControllerConfig) => new Prometheus(prometheus),
    },
    CanaryHeads,
    RegionQueue,
    ReleaseProofs,
    RunCanary,
    JudgeAlert,
    CanaryEffects,
    AcceptUnsignedAlerts,
  ],
})
class CanaryControllerModule {}

export const definition: ServiceDefinition = {
  name: 'canary-controller',
  tables: [...STAGE_TABLES, ...RELEASE_TABLES, CANARIES, CANARY_HEADS, UNSIGNED_ALERTS],
  migrations: [...STAGE_MIGRATIONS, ...RELEASE_MIGRATIONS, CreateCanaryController1764000000000],
  advanceCounters: advanceCanaryCounters,
  readConfig: readCanaryControllerConfig,
  module: CanaryControllerModule,
}
