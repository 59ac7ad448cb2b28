import type { Oracle } from './oracle.js'

/** The part of notifier's row that counts here. */
interface Delivery {
  id: string
  messageId: string
  state: 'pending' | 'delivered' | 'dead' | 'superseded'
  tries: number
}

/**
 * I9: each delivery ends, and is what the partner says it is. The same message comes again only where a try was cut short: after a crash,
 * or on a connection that broke before the answer.
 */
export const deliveriesEnd: Oracle = {
  name: 'each delivery ends, delivered where it says so',
  async check({ observer, partner }) {
    const rows = await observer.rows<{ doc: Delivery }>('SELECT doc FROM notifier.delivery')
    const violations: string[] = []
    for (const { doc } of rows) {
      if (doc.state === 'delivered' && !partner.received.has(doc.messageId))
        violations.push(`delivery ${doc.id} says delivered, and never came`)
      if (doc.state === 'pending' || doc.state === 'dead') violations.push(`delivery ${doc.id} is ${doc.state} after ${doc.tries} tries`)
    }
    const known = new Set(rows.map(({ doc }) => doc.messageId))
    for (const id of partner.received.keys()) if (!known.has(id)) violations.push(`message ${id} came, and nobody sent it`)
    if (partner.forged > 0) violations.push(`${partner.forged} messages with a false signature`)
    return { looked: rows.length, violations }
  },
}
