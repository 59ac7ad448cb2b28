import { DATA } from './decode.js'
import type { Oracle } from './oracle.js'

interface Told {
  type: string
  delivery: string
}

/** A run has one delivery per partner: each is reported as accepted or abandoned once, and as acknowledged once. */
export const receiptsOnce: Oracle = {
  name: 'each delivery is told of once',
  async check({ observer }) {
    const told = await observer.rows<Told>(
      `SELECT type, ${DATA}->>'delivery' AS delivery FROM notifier.outbox WHERE topic = 'hms.receipt.v1'`,
    )
    const rows = await observer.rows<{ id: string; state: string }>('SELECT id, state FROM notifier.delivery')
    const violations: string[] = []
    for (const { id, state } of rows) {
      const of = (type: string): number => told.filter((each) => each.delivery === id && each.type === `hms.delivery.${type}.v1`).length
      const ends = of('delivered') + of('given-up')
      if (ends > 1 + of('redriven')) violations.push(`delivery ${id} was told ${ends} times`)
      if (of('acknowledged') > 1) violations.push(`delivery ${id} was acknowledged ${of('acknowledged')} times`)
      if (state === 'delivered' && of('delivered') === 0) violations.push(`delivery ${id} is delivered, and nobody was told`)
    }
    const known = new Set(rows.map(({ id }) => id))
    violations.push(
      ...told.filter(({ delivery }) => !known.has(delivery)).map(({ type, delivery }) => `${type} of ${delivery}, which is not there`),
    )
    return { looked: rows.length, violations }
  },
}
