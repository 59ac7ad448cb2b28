import { PostgresOutboxStore, schemaOf } from '#libs/messaging'
import { PostgresDatabase } from '#libs/persistence'
import type { ServiceDefinition } from '../service-definition.js'
import { connectService } from './postgres-services.js'

const BATCH = 5_000

/**
 * Marks the outbox rows of a service since a time as unsent; the relay of its running instances sends them again, in order. Returns how
 * many. Readers drop duplicates by position: too many are harmless, too few leave a gap that raises an alarm.
 */
export async function republishService(definition: ServiceDefinition, url: string, since: Date): Promise<number> {
  const database = new PostgresDatabase(await connectService(definition, url, 1), schemaOf(definition.name))
  const store = new PostgresOutboxStore()
  try {
    let events = 0
    for (let after: number | null = 0; after !== null;) {
      const seq: number = after
      const part = await database.autocommit((tx) => store.unsendSince(tx, since, seq, BATCH))
      events += part.rows
      after = part.lastSeq
    }
    return events
  } finally {
    await database.close()
  }
}
