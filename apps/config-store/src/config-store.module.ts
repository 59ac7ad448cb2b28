import { runtimeModule, type ServiceDefinition } from '#libs/service'
import { Module } from '@nestjs/common'
import { AcceptAlert } from './alerts/accept-alert.js'
import { ALERT_INBOX } from './alerts/alert.table.js'
import { AlertsController } from './alerts/alerts.http.js'
import { CoverageController, ReleaseVersions } from './coverage/coverage.http.js'
import { CountBots } from './coverage/count-bots.js'
import { CoverageReports } from './coverage/coverage-reports.js'
import { LeftBots } from './coverage/left-bots.js'
import { LEFT_BOTS, NODES, PRESENCE } from './coverage/presence.table.js'
import { Presence } from './coverage/presence.js'
import { Broadcast } from './delivery/broadcast.js'
import { BelievedRows } from './heads/believed-rows.js'
import { DocumentCopy } from './copy/document-copy.js'
import { UnverifiedRows } from './heads/unverified-rows.js'
import { EventsController } from './delivery/events.http.js'
import { StreamDoor } from './delivery/stream-door.js'
import { advanceRevisionCounter, DOCUMENTS, ENVIRONMENT, REVISIONS } from './heads/head.table.js'
import { Freshness } from './heads/freshness.js'
import { HeadsEvents } from './heads/heads.events.js'
import { HeadsController } from './heads/heads.http.js'
import { FRESHNESS_MARKERS, RecordFreshness } from './heads/record-freshness.js'
import { ReadersWatch } from './copy/readers-watch.js'
import { StableHeadsWatch } from './copy/stable-heads-watch.js'
import { Audiences, StoreHeads } from './heads/store-heads.js'
import { LIVE_HEADS, LIVE_RELEASES } from './heads/live-history.js'
import { HistoryController, LiveRecordsController } from './history/history.http.js'
import { CreateConfigStore1764000000000 } from './migrations/1764000000000-create-config-store.js'
import { CreateLeftBots1764000000001 } from './migrations/1764000000001-create-left-bots.js'
import { EvaluateDoor } from './ofrep/evaluate-door.js'
import { EvaluateController } from './ofrep/evaluate.http.js'
import { Flags } from './ofrep/flags.js'
import { RefetchEvents, RefetchEventsController } from './ofrep/refetch-events.http.js'
import { PoliciesController } from './reads/policies.http.js'
import { RestoreDocument } from './state-check/restore-document.js'
import { StateCheck } from './state-check/state-check.js'
import { StoreMetrics } from './store-metrics.js'
import { StoreTime } from './store-time.js'
import { EndCanaries } from './heads/canary-lease.js'

@Module({
  imports: [runtimeModule('config-store')],
  controllers: [
    HeadsEvents,
    HeadsController,
    PoliciesController,
    EvaluateController,
    RefetchEventsController,
    HistoryController,
    EventsController,
    CoverageController,
    AlertsController,
    LiveRecordsController,
  ],
  providers: [
    StoreTime,
    StoreMetrics,
    UnverifiedRows,
    BelievedRows,
    DocumentCopy,
    Flags,
    EvaluateDoor,
    RefetchEvents,
    Broadcast,
    LeftBots,
    Presence,
    { provide: Audiences, useExisting: Presence },
    ReleaseVersions,
    CoverageReports,
    CountBots,
    Freshness,
    StableHeadsWatch,
    ReadersWatch,
    RecordFreshness,
    EndCanaries,
    StateCheck,
    RestoreDocument,
    StoreHeads,
    StreamDoor,
    AcceptAlert,
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
