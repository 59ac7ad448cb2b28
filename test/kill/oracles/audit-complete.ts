import { SERVICES, topicsConsumedBy } from '#libs/contracts'
import type { Oracle } from './oracle.js'

/** I5: the trail has each event of each topic that audit reads once, in an entry or in a window, nothing else, and no place left empty. */
export const auditComplete: Oracle = {
  name: 'audit covers each transition once',
  // Connects and disconnects of bots are published also after the load has ended.
  settles: true,
  async check({ observer }) {
    const topics = topicsConsumedBy('audit')
      .map(({ name }) => `'${name}'`)
      .join(', ')
    const written = SERVICES.map(
      (service) => `SELECT event_id, topic FROM ${service.replaceAll('-', '_')}.outbox WHERE topic IN (${topics})`,
    ).join(' UNION ALL ')
    // Joined, never `NOT IN`: beyond the memory of a sort, that looks through the whole list for each event.
    const windows = `SELECT id FROM audit.windowed_event UNION ALL SELECT split_part(line, ' ', 1) AS id FROM audit.window_listing, regexp_split_to_table(trim(trailing E'\\n' from doc->>'listing'), E'\\n') AS line`
    const missing = await observer.rows<{ topic: string; n: string }>(
      `SELECT topic, count(*) AS n FROM (${written}) AS written WHERE NOT EXISTS (SELECT 1 FROM audit.entry WHERE entry.event_id = written.event_id)
         AND NOT EXISTS (SELECT 1 FROM (${windows}) AS windowed WHERE windowed.id = written.event_id::text) GROUP BY topic`,
    )
    const foreign = await observer.rows<{ topic: string; n: string }>(
      `SELECT topic, count(*) AS n FROM audit.entry WHERE key <> '~window' AND NOT EXISTS (SELECT 1 FROM (${written}) AS written WHERE written.event_id = entry.event_id) GROUP BY topic`,
    )
    const [log] = await observer.rows<{ entries: string; next: string }>(
      'SELECT count(*) AS entries, coalesce(max(index) + 1, 0) AS next FROM audit.entry',
    )
    return {
      looked: Number(log!.entries),
      violations: [
        ...missing.map(({ topic, n }) => `${n} events of ${topic} are not in the log`),
        ...foreign.map(({ topic, n }) => `${n} entries of ${topic} are of no event`),
        ...(log!.entries === log!.next ? [] : [`${log!.entries} entries under indexes up to ${log!.next}`]),
      ],
    }
  },
}
