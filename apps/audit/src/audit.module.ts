import { MemoryDatabase } from '#libs/persistence'
import { ServiceRuntime, type ServiceDefinition } from '#libs/stage'
import { Module, type DynamicModule } from '@nestjs/common'
import { EntriesController } from './entries/entries.http.js'
import { auditEntities } from './entries/entry.entity.js'
import { ENTRY_STORE } from './entries/entry.store.js'
import { MemoryEntryStore } from './entries/entry.store.memory.js'
import { PostgresEntryStore } from './entries/entry.store.postgres.js'
import { RecordEvents } from './entries/record-events.js'
import { CreateAudit1764000000000 } from './migrations/1764000000000-create-audit.js'
import { AddAuditOutboxPlaces1764100000000 } from './migrations/1764100000000-add-outbox-places.js'

@Module({})
class AuditModule {
  static with(runtime: ServiceRuntime): DynamicModule {
    const entries = runtime.database instanceof MemoryDatabase ? new MemoryEntryStore() : new PostgresEntryStore()
    return {
      module: AuditModule,
      controllers: [EntriesController],
      providers: [{ provide: ServiceRuntime, useValue: runtime }, { provide: ENTRY_STORE, useValue: entries }, RecordEvents],
    }
  }
}

export const definition: ServiceDefinition = {
  name: 'audit',
  tables: [],
  entities: auditEntities,
  migrations: [CreateAudit1764000000000, AddAuditOutboxPlaces1764100000000],
  module: AuditModule.with,
}
