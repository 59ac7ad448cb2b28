import type { ServiceDefinition } from '#libs/service'
import { Module } from '@nestjs/common'
import { ALERT_INBOX } from './alerts/alert.table.js'
import { LEFT_BOTS, NODES, PRESENCE } from './coverage/presence.table.js'
import { advanceRevisionCounter, DOCUMENTS, ENVIRONMENT, REVISIONS } from './heads/head.table.js'
import { LIVE_HEADS, LIVE_RELEASES } from './heads/live-history.js'
import { FRESHNESS_MARKERS } from './intake/record-freshness.js'
import { CreateConfigStore1764000000000 } from './migrations/1764000000000-create-config-store.js'
import { CreateLeftBots1764000000001 } from './migrations/1764000000001-create-left-bots.js'
import { AlertsModule } from './alerts/alerts.module.js'
import { CopyModule } from './copy/copy.module.js'
import { CoverageModule } from './coverage/coverage.module.js'
import { DeliveryModule } from './delivery/delivery.module.js'
import { HeadsModule } from './heads/heads.module.js'
import { HistoryModule } from './history/history.module.js'
import { IntakeModule } from './intake/intake.module.js'
import { OfrepModule } from './ofrep/ofrep.module.js'
import { ReadsModule } from './reads/reads.module.js'
import { StateCheckModule } from './state-check/state-check.module.js'

@Module({
  imports: [
    AlertsModule,
    CopyModule,
    CoverageModule,
    DeliveryModule,
    HeadsModule,
    HistoryModule,
    IntakeModule,
    OfrepModule,
    ReadsModule,
    StateCheckModule,
  ],
})
class ConfigStoreModule {}

export const definition: ServiceDefinition = {
  name: 'config-store',
  tables: [DOCUMENTS, ENVIRONMENT, REVISIONS, LIVE_HEADS, LIVE_RELEASES, NODES, PRESENCE, LEFT_BOTS, ALERT_INBOX, FRESHNESS_MARKERS],
  migrations: [CreateConfigStore1764000000000, CreateLeftBots1764000000001],
  advanceCounters: advanceRevisionCounter,
  module: ConfigStoreModule,
}
