import { evaluate, decodeDocument } from '#libs/evaluation'
import type { ConfigDocument } from '#libs/contracts'
import type { Oracle } from './oracle.js'

/** What is in force for a bot by the database is what the bot reads, by itself, after all that was done to its connection. */
export const readersFollow: Oracle = {
  name: 'every bot reads what is in force',
  async check({ observer, readers }) {
    const rows = await observer.rows<{ policy: string; docs: ConfigDocument[] }>(
      'SELECT policy, jsonb_agg(doc) AS docs FROM config_store.document GROUP BY policy',
    )
    const violations: string[] = []
    for (const { bot, region, connection } of readers) {
      for (const { policy, docs } of rows) {
        const wanted = evaluate(docs.map(decodeDocument), { bot, region }, Date.now())?.held.value.version ?? null
        const read = connection.ids().includes(policy) ? connection.get(policy).version : null
        if (wanted !== read) violations.push(`${bot} reads ${policy}@${read} instead of ${wanted}`)
      }
    }
    return { looked: rows.length * readers.length, violations }
  },
}
