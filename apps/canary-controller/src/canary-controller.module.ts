import { DirectHeadDelivery, ServiceRuntime, type ServiceDefinition } from '#libs/service'
import { ABORTED_RUNS } from '#libs/stage'
import { Module, type DynamicModule } from '@nestjs/common'
import { CanariesController } from './canaries/canaries.http.js'
import { CanariesEvents } from './canaries/canaries.events.js'
import { CANARIES, CANARY_HEADS } from './canaries/canary.table.js'
import { CanaryHeads } from './canaries/canary-heads.js'
import { DecideCanary } from './canaries/decide-canary.js'
import { JudgeAlert } from './canaries/judge-alert.js'
import { RELEASE_PROOFS, ReleaseProofs } from './canaries/release-proofs.js'
import { RunCanary } from './canaries/run-canary.js'
import { TakeUnsignedAlerts, UNSIGNED_ALERTS } from './canaries/take-unsigned-alerts.js'
import { CanaryControllerConfig, readCanaryControllerConfig } from './canary-controller.config.js'
import { CreateCanaryController1764000000000 } from './migrations/1764000000000-create-canary-controller.js'
import { AddCanaryControllerOutboxPlaces1764100000000 } from './migrations/1764100000000-add-outbox-places.js'
import { AddCanaryControllerRosters1764300000000 } from './migrations/1764300000000-add-rosters.js'
import { AddCanaryControllerTokens1764400000000 } from './migrations/1764400000000-add-tokens.js'
import { AddCanaryControllerReleaseProofs1764500000000 } from './migrations/1764500000000-add-release-proofs.js'
import { AddCanaryControllerUnsignedAlerts1765000000000 } from './migrations/1765000000000-add-unsigned-alerts.js'

@Module({})
class CanaryControllerModule {
  static with(runtime: ServiceRuntime): DynamicModule {
    return {
      module: CanaryControllerModule,
      controllers: [CanariesEvents, CanariesController],
      providers: [
        { provide: ServiceRuntime, useValue: runtime },
        { provide: CanaryControllerConfig, useValue: readCanaryControllerConfig(runtime.environment) },
        { provide: DirectHeadDelivery, useValue: new DirectHeadDelivery(runtime.configStoreUrls, runtime.clock, runtime.log) },
        CanaryHeads,
        ReleaseProofs,
        RunCanary,
        JudgeAlert,
        DecideCanary,
        TakeUnsignedAlerts,
      ],
    }
  }
}

export const definition: ServiceDefinition = {
  name: 'canary-controller',
  tables: [CANARIES, CANARY_HEADS, ABORTED_RUNS, RELEASE_PROOFS, UNSIGNED_ALERTS],
  migrations: [
    CreateCanaryController1764000000000,
    AddCanaryControllerOutboxPlaces1764100000000,
    AddCanaryControllerRosters1764300000000,
    AddCanaryControllerTokens1764400000000,
    AddCanaryControllerReleaseProofs1764500000000,
    AddCanaryControllerUnsignedAlerts1765000000000,
  ],
  module: CanaryControllerModule.with,
}
