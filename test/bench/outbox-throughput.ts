import { postgresOf, type Transaction } from '#libs/persistence'
import type { TestIdentity } from '../support/identity.js'
import type { DurablePostgres } from './durable-postgres.js'
import { LinterInstance } from './linter-instance.js'
import { NotingBus } from './noting.js'
import { median, perSecond } from './writers.js'

const ROUNDS = 3
const SLICE_MS = 3_000
const WRITERS_EACH = 8
const KEYS_EACH = 4

interface Mode {
  label: string
  relays: boolean
  wakes: boolean
  inside?: (tx: Transaction) => Promise<unknown>
}

/**
 * What two instances listen for, but sent by the transaction itself. The product never does this: it serialises all commits of the server.
 */
const notifyInside = (tx: Transaction): Promise<unknown> => postgresOf(tx).query('SELECT pg_notify($1, $2)', ['hms_linter', 'bench outbox'])

const MODES: Mode[] = [
  { label: 'no relay at all', relays: false, wakes: false },
  { label: 'no wake-up, relay polls', relays: true, wakes: false },
  { label: 'wake-up after the commit', relays: true, wakes: true },
  { label: 'NOTIFY inside the transaction', relays: true, wakes: false, inside: notifyInside },
]

/** Business transactions a second with each way to wake the relay, in turns. Sixteen writers are two instances of eight. */
export async function businessThroughput(server: DurablePostgres, identity: TestIdentity): Promise<void> {
  for (const instances of [1, 2]) {
    const measured = new Map<Mode, number[]>(MODES.map((mode) => [mode, []]))
    for (let round = 0; round < ROUNDS; round++) {
      for (const mode of MODES) measured.get(mode)!.push(await slice(server, identity, instances, mode))
    }
    const without = median(measured.get(MODES[1]!)!)
    for (const [{ label }, values] of measured) {
      const middle = median(values)
      const all = values.map((value) => value.toFixed(0)).join(', ')
      process.stdout.write(
        `${`${instances * WRITERS_EACH} writers: ${label}`.padEnd(58)} ${middle.toFixed(0).padStart(6)} tx/s   ×${(middle / without).toFixed(2)}   (${all})\n`,
      )
    }
  }
}

async function slice(server: DurablePostgres, identity: TestIdentity, count: number, mode: Mode): Promise<number> {
  await server.query('TRUNCATE linter.outbox')
  await server.query('CHECKPOINT')
  const bus = new NotingBus()
  const instances = await Promise.all([1, 2].map(() => LinterInstance.open(server.url, bus, identity)))
  if (mode.relays) for (const instance of instances) instance.start()
  const work = async (writer: number, turn: number): Promise<void> => {
    await instances[writer % count]!.write(`w${writer}.${turn % KEYS_EACH}`, mode)
  }
  await perSecond(count * WRITERS_EACH, SLICE_MS / 6, work)
  const rate = await perSecond(count * WRITERS_EACH, SLICE_MS, work)
  await Promise.all(instances.map((instance) => instance.stop()))
  return rate
}
