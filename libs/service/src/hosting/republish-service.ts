import { PostgresOutboxStore, schemaOf } from '#libs/messaging'
import { PostgresDatabase } from '#libs/persistence'
import type { ServiceDefinition } from '../service-definition.js'
import { connectService } from './postgres-services.js'

const BATCH = 5_000

/**
 * Marks what one service's outbox keeps since a time as not sent; the relay of its running instances sends it again, in order. Answers how
 * many events that are. Readers drop what they know by its position: too much is harmless, too little leaves a gap that sounds an alarm.
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
