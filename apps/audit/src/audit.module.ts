import { runtimeModule, ServiceRuntime, type ServiceDefinition } from '#libs/service'
import { FileSeenStore, type SeenStore } from '#libs/witness'
import {
  Module,
  type BeforeApplicationShutdown,
  type FactoryProvider,
  type InjectionToken,
  type OnApplicationBootstrap,
} from '@nestjs/common'
import { readAuditConfig } from './audit.config.js'
import { AttestationsController } from './attestations/attestations.http.js'
import { AttestationStore } from './attestations/attestation.store.js'
import { PostgresAttestationStore } from './attestations/attestation.store.postgres.js'
import { EntriesController } from './entries/entries.http.js'
import { EntryStore } from './entries/entry.store.js'
import { PostgresEntryStore } from './entries/entry.store.postgres.js'
import { Intake } from './entries/intake.js'
import { ExportController } from './export/export.http.js'
import { RecordEvents } from './recording/record-events.js'
import { LogController } from './log/log.http.js'
import { createSequencer } from './log/log.providers.js'
import { Sequencer } from './log/sequencer.js'
import { TreeStore } from './log/tree.store.js'
import { PostgresTreeStore } from './log/tree.store.postgres.js'
import { CreateAudit1764000000000 } from './migrations/1764000000000-create-audit.js'
import { ArrivalSeals } from './entries/arrival-seals.js'
import { AddArrivalSeals1766000000001 } from './migrations/1766000000001-add-arrival-seals.js'
import { IndexActors1767000000000 } from './migrations/1767000000000-index-actors.js'
import { AdoptArrivals } from './recording/adopt-arrivals.js'
import { AddActors1765000000000 } from './migrations/1765000000000-add-actors.js'
import { KeepEvents1766000000000 } from './migrations/1766000000000-keep-events.js'
import { FoldWindows } from './windows/fold-windows.js'
import { LISTINGS, WINDOWED } from './windows/window.table.js'
import { WindowsController } from './windows/windows.http.js'

/** Stores of the log. `seen`: checkpoints stored by the in-process witness of profile dev. */
export interface AuditStores {
  entries: EntryStore
  tree: TreeStore
  attestations: AttestationStore
  seen: SeenStore
}

function postgresStores(runtime: ServiceRuntime, refused: (event: string, why: string) => void): AuditStores {
  return {
    entries: new PostgresEntryStore(new ArrivalSeals(runtime.signer, () => runtime.roster), refused),
    tree: new PostgresTreeStore(),
    attestations: new PostgresAttestationStore(),
    seen: new FileSeenStore(readAuditConfig(runtime.environment).witnessFolder),
  }
}

const PARTS = Symbol('AuditParts')

/** Creates the log's parts, by class: placed entries wake the sequencer; the event of a refused row is looked up on the bus. */
function createParts(runtime: ServiceRuntime): ReadonlyMap<InjectionToken, object> {
  const { database, clock, log, bus, seal, rosters, concerns } = runtime
  const refused = (event: string, why: string): void => adoptArrivals.refused(event, why)
  const { entries, tree, attestations, seen } = (runtime.ownStores as AuditStores | undefined) ?? postgresStores(runtime, refused)
  const sequencer = createSequencer(runtime, tree, seen)
  const halted = (): string | undefined => sequencer.halted
  const intake = new Intake({ database, entries, clock, log, halted, placed: (isAwaited) => sequencer.wake(isAwaited) })
  const adopted = (): void => intake.wake()
  const adoptArrivals = new AdoptArrivals({ database, entries, bus, roster: () => rosters.newest, seal, clock, log, adopted })
  concerns.add(() => adoptArrivals.concerns)
  return new Map<InjectionToken, object>([
    [EntryStore, entries],
    [TreeStore, tree],
    [AttestationStore, attestations],
    [Sequencer, sequencer],
    [Intake, intake],
    [AdoptArrivals, adoptArrivals],
  ])
}

function part(provide: InjectionToken): FactoryProvider {
  return { provide, inject: [PARTS], useFactory: (parts: ReadonlyMap<InjectionToken, object>) => parts.get(provide) }
}

@Module({
  imports: [runtimeModule('audit')],
  controllers: [EntriesController, LogController, AttestationsController, WindowsController, ExportController],
  providers: [
    { provide: PARTS, inject: [ServiceRuntime], useFactory: createParts },
    ...[EntryStore, TreeStore, AttestationStore, Sequencer, Intake, AdoptArrivals].map(part),
    FoldWindows,
    RecordEvents,
  ],
})
class AuditModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(private readonly sequencer: Sequencer) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.sequencer.start()
  }

  beforeApplicationShutdown(): void {
    this.sequencer.stop()
  }
}

export const definition: ServiceDefinition = {
  name: 'audit',
  tables: [WINDOWED, LISTINGS],
  migrations: [
    CreateAudit1764000000000,
    AddActors1765000000000,
    KeepEvents1766000000000,
    AddArrivalSeals1766000000001,
    IndexActors1767000000000,
  ],
  readConfig: readAuditConfig,
  module: AuditModule,
}
