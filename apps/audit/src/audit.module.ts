import { ServiceRuntime, type ServiceDefinition } from '#libs/service'
import type { Roster } from '#libs/signing'
import { FileSeenStore, MemorySeenStore } from '#libs/witness'
import { Inject, Module, type BeforeApplicationShutdown, type DynamicModule, type OnApplicationBootstrap } from '@nestjs/common'
import { readAuditConfig, type AuditConfig } from './audit.config.js'
import { AttestationsController } from './attestations/attestations.http.js'
import { ATTESTATION_STORE } from './attestations/attestation.store.js'
import { MemoryAttestationStore } from './attestations/attestation.store.memory.js'
import { PostgresAttestationStore } from './attestations/attestation.store.postgres.js'
import { EntriesController } from './entries/entries.http.js'
import { ENTRY_STORE } from './entries/entry.store.js'
import { MemoryEntryStore } from './entries/entry.store.memory.js'
import { PostgresEntryStore } from './entries/entry.store.postgres.js'
import { Intake, INTAKE } from './entries/intake.js'
import { RecordEvents } from './recording/record-events.js'
import { LogController } from './log/log.http.js'
import { createSequencer, SEQUENCER } from './log/log.providers.js'
import type { Sequencer } from './log/sequencer.js'
import { TREE_STORE } from './log/tree.store.js'
import { MemoryTreeStore } from './log/tree.store.memory.js'
import { PostgresTreeStore } from './log/tree.store.postgres.js'
import { CreateAudit1764000000000 } from './migrations/1764000000000-create-audit.js'
import { ArrivalSeals } from './entries/arrival-seals.js'
import { AddArrivalSeals1766000000001 } from './migrations/1766000000001-add-arrival-seals.js'
import { AdoptArrivals } from './recording/adopt-arrivals.js'
import { AddActors1765000000000 } from './migrations/1765000000000-add-actors.js'
import { KeepEvents1766000000000 } from './migrations/1766000000000-keep-events.js'
import { FoldWindows } from './windows/fold-windows.js'
import { LISTINGS, WINDOWED } from './windows/window.table.js'
import { WindowsController } from './windows/windows.http.js'

/** Store adapters for each kind of database. */
const STORES = {
  postgres: ({ witnessFolder }: AuditConfig, runtime: ServiceRuntime, refused: (event: string, why: string) => void) => ({
    entries: new PostgresEntryStore(new ArrivalSeals(runtime.signer, () => runtime.roster), refused),
    tree: new PostgresTreeStore(),
    attestations: new PostgresAttestationStore(),
    seen: new FileSeenStore(witnessFolder),
  }),
  memory: () => ({
    entries: new MemoryEntryStore(),
    tree: new MemoryTreeStore(),
    attestations: new MemoryAttestationStore(),
    seen: new MemorySeenStore(),
  }),
}

@Module({})
class AuditModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(@Inject(SEQUENCER) private readonly sequencer: Sequencer) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.sequencer.start()
  }

  beforeApplicationShutdown(): void {
    this.sequencer.stop()
  }

  static with(runtime: ServiceRuntime): DynamicModule {
    const refused = (event: string, why: string): void => adoptArrivals.refused(event, why)
    const { entries, tree, attestations, seen } = STORES[runtime.database.kind](readAuditConfig(runtime.environment), runtime, refused)
    const sequencer = createSequencer(runtime, tree, seen)
    const { database, clock, log, bus, seal } = runtime
    const roster = (): Roster => runtime.roster
    const intake = new Intake({
      database,
      entries,
      clock,
      log,
      halted: () => sequencer.halted,
      placed: (isAwaited) => sequencer.wake(isAwaited),
    })
    const adopted = (): void => intake.wake()
    const adoptArrivals = new AdoptArrivals({ database, entries, bus, roster, seal, clock, log, adopted })
    runtime.onConcerns(() => adoptArrivals.concerns)
    return {
      module: AuditModule,
      controllers: [EntriesController, LogController, AttestationsController, WindowsController],
      providers: [
        { provide: ServiceRuntime, useValue: runtime },
        { provide: ENTRY_STORE, useValue: entries },
        { provide: ATTESTATION_STORE, useValue: attestations },
        { provide: TREE_STORE, useValue: tree },
        { provide: SEQUENCER, useValue: sequencer },
        { provide: INTAKE, useValue: intake },
        FoldWindows,
        { provide: AdoptArrivals, useValue: adoptArrivals },
        RecordEvents,
      ],
    }
  }
}

export const definition: ServiceDefinition = {
  name: 'audit',
  tables: [WINDOWED, LISTINGS],
  migrations: [CreateAudit1764000000000, AddActors1765000000000, KeepEvents1766000000000, AddArrivalSeals1766000000001],
  module: AuditModule.with,
}
