import { PostgresDatabase, type Database } from '#libs/persistence'
import { MemoryDatabase } from '#libs/persistence/testing'
import { VirtualClock } from '#libs/platform/testing'
import { dataSourceOf, migrateService } from '#libs/service'
import { testIdentity } from '../../../../test/support/identity.js'
import { freshDatabase } from '../../../../test/support/postgres.js'
import { MemoryAttestationStore } from './memory-attestation-store.js'
import { PostgresAttestationStore } from '../attestations/attestation.store.postgres.js'
import type { AttestationStore } from '../attestations/attestation.store.js'
import { definition } from '../audit.module.js'
import { ArrivalSeals } from '../entries/arrival-seals.js'
import type { EntryStore } from '../entries/entry.store.js'
import { MemoryEntryStore } from './memory-entry-store.js'
import { PostgresEntryStore } from '../entries/entry.store.postgres.js'
import { MemoryTreeStore } from './memory-tree-store.js'
import { PostgresTreeStore } from '../log/tree.store.postgres.js'
import type { TreeStore } from '../log/tree.store.js'

/** Stores of the log on one database. */
export interface LogStores {
  database: Database
  entries: EntryStore
  tree: TreeStore
  attestations: AttestationStore
  close(): Promise<void>
}

async function openMemory(): Promise<LogStores> {
  const database = new MemoryDatabase(new VirtualClock())
  const stores = { entries: new MemoryEntryStore(), tree: new MemoryTreeStore(), attestations: new MemoryAttestationStore() }
  return { database, ...stores, close: () => database.close() }
}

export async function openPostgres(): Promise<LogStores> {
  const { url, drop } = await freshDatabase()
  await migrateService(definition, url)
  const database = new PostgresDatabase(await dataSourceOf(definition, url).initialize(), 'audit')
  const stores = {
    entries: new PostgresEntryStore(await testSeals()),
    tree: new PostgresTreeStore(),
    attestations: new PostgresAttestationStore(),
  }
  return { database, ...stores, close: () => database.close().then(drop) }
}

/** Creates the seals of an audit service with a key of its own. */
export async function testSeals(): Promise<ArrivalSeals> {
  const identity = await testIdentity()
  return new ArrivalSeals(identity.serviceSigner('audit'), () => identity.roster)
}

export const LOG_ADAPTERS = [
  ['memory', openMemory],
  ['PostgreSQL', openPostgres],
] as const
