import { FRESHNESS_KEY, HEARTBEAT_KEY, type ConfigDocument, type EventData } from '#libs/contracts'
import { decode } from './decode.js'
import type { Oracle } from './oracle.js'

/** I6: who reads the state topic alone knows what the store knows. */
export const stateTopic: Oracle = {
  name: 'the state topic equals the database',
  settles: true,
  async check({ observer, log }) {
    const newest = new Map<string, ConfigDocument>()
    for (const { topic, key, value } of log) {
      if (topic !== 'hms.config.state.v1' || key === HEARTBEAT_KEY || key === FRESHNESS_KEY) continue
      if (value === null) {
        newest.delete(key)
        continue
      }
      const { document } = decode<EventData['hms.state.recorded.v1']>(value)
      const held = newest.get(key)
      // As its readers do: a lower number is an earlier copy that came again.
      if (held === undefined || document.seq > held.seq) newest.set(key, document)
    }
    // A canary that is over has left the topic; its row keeps its number.
    const isIn = "(doc->>'ended') IS DISTINCT FROM 'true'"
    const stored = await observer.rows<{ id: string; doc: ConfigDocument }>(`SELECT id, doc FROM config_store.document WHERE ${isIn}`)
    const violations = stored
      .filter(({ id, doc }) => fingerprint(newest.get(id)) !== fingerprint(doc))
      .map(({ id, doc }) => `${id}: ${fingerprint(doc)} in the store, ${fingerprint(newest.get(id))} in the topic`)
    for (const id of newest.keys()) if (!stored.some((row) => row.id === id)) violations.push(`${id} is in the topic alone`)
    return { looked: stored.length, violations }
  },
}

function fingerprint(document: ConfigDocument | undefined): string {
  return document === undefined ? 'nothing' : `${document.version} head ${document.seq} revision ${document.revision} ${document.digest}`
}
