import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { peekPredicate, type Envelope } from '#libs/contracts'
import { EmbeddedBus, Outbox, PostgresOutboxStore, Reconciler, Relay } from '#libs/messaging'
import { ServiceSession, type PostgresDatabase, type Transaction } from '#libs/persistence'
import { Metrics, silentLogger, systemClock, TransientError } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import type { EventPredicate } from '#libs/signing'
import { freshDatabase, testPool } from '../support/postgres.js'
import { until } from '../support/processes.js'
import { testIdentity, type TestIdentity } from '../support/identity.js'
import { Reading, TOPIC } from './bus-harness.js'
import { PARCELS } from './database.suite.js'
import { openPostgresService } from './postgres-service.js'

const WRITERS = 8
const KEYS = 20

interface Step {
  /** Keys that the transaction locks and writes one event of each. */
  keys: number[]
  fails: boolean
}
const step: fc.Arbitrary<Step> = fc.record({
  keys: fc.uniqueArray(fc.nat(KEYS - 1), { minLength: 1, maxLength: 3 }),
  fails: fc.boolean(),
})
const plans = fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { minLength: WRITERS, maxLength: WRITERS })

describe('Relay on PostgreSQL', () => {
  let server: Awaited<ReturnType<typeof freshDatabase>>
  let linter: PostgresDatabase
  let simulator: PostgresDatabase
  let identity: TestIdentity
  const store = new PostgresOutboxStore()
  beforeAll(async () => {
    server = await freshDatabase()
    linter = await openPostgresService(server.url, 'linter')
    simulator = await openPostgresService(server.url, 'simulator')
    identity = await testIdentity()
  })
  afterAll(async () => {
    await linter.close()
    await simulator.close()
    await server.drop()
  })

  /** Two instances of the service over one log: each with its session, one of them leads. */
  const instance = async (bus: EmbeddedBus, outboxStore = store) => {
    const session = new ServiceSession(server.url, 'linter', systemClock, silentLogger)
    await session.start()
    const reconciler = new Reconciler(linter, outboxStore, bus, '/hms-svc/linter', silentLogger, new Metrics())
    const relay = new Relay(linter, outboxStore, bus, session, reconciler, '/hms-svc/linter', systemClock, silentLogger)
    relay.start()
    return { relay, session, stop: async () => (await relay.stop(), await session.stop()) }
  }

  /** The number in the document grows under the lock: its order is the order of the commits. */
  const write = async (outbox: Outbox, name: (key: number) => string, { keys, fails }: Step): Promise<void> => {
    await linter
      .transaction(async (tx) => {
        await tx.lock(keys.map(name))
        for (const key of keys.map(name)) {
          const weight = ((await tx.documents(PARCELS).get(key))?.weight ?? 0) + 1
          await tx.documents(PARCELS).put({ id: key, town: null, weight, postedAt: tx.now.toISOString() })
          await outbox.emit(tx, 'hms.lint.failed.v1', { run: weight, attempt: 1, reason: 'TEST', detail: '', findings: [] }, { key })
        }
        if (fails) throw new Error('rolled back')
      })
      .catch((error: Error) => expect(error.message).toBe('rolled back'))
  }

  it('loses nothing and keeps the order of commits per key, with any writers and any leader', async () => {
    let round = 0
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const prefix = `r${++round}`
        const name = (key: number): string => `${prefix}.${key}`
        const bus = new EmbeddedBus(testPool(server.url), systemClock, silentLogger)
        const instances = [await instance(bus), await instance(bus)]
        const reading = new Reading(Array.from({ length: KEYS }, (_, key) => name(key)))
        await bus.subscribe({ group: `simulator.${prefix}`, topics: [TOPIC], handle: reading.handle })
        const outbox = new Outbox(store, 'linter', identity.serviceSigner('linter'), () => instances.forEach(({ relay }) => relay.wake()))

        const writing = Promise.all(
          plan.map(async (steps) => {
            for (const each of steps) await write(outbox, name, each)
          }),
        )
        // The leader steps down in the middle; what it had claimed is the other's to send.
        await instances[0]!.stop()
        await writing
        instances[1]!.relay.wake()

        const kept = plan
          .flat()
          .filter(({ fails }) => !fails)
          .flatMap(({ keys }) => keys)
        await reading.meet(kept.length)
        await instances[1]!.stop()
        await bus.close()

        for (let key = 0; key < KEYS; key++) {
          const expected = Array.from({ length: kept.filter((each) => each === key).length }, (_, at) => at + 1)
          expect(reading.seqs(name(key))).toEqual(expected)
          const commits = reading.records.filter((record) => record.key === name(key)).map(commitOf)
          expect([...new Set(commits)]).toEqual(expected)
        }
      }),
      { numRuns: 6, endOnFailure: true },
    )
  })

  it('lets readers read what was marked as sent by a statement whose response was lost', async () => {
    let isLost = false
    const unheard = Object.assign(Object.create(store) as PostgresOutboxStore, {
      sendUnsent: async (tx: Transaction, limit: number) => {
        const sent = await store.sendUnsent(tx, limit)
        if (sent.length === 0 || isLost) return sent
        isLost = true
        throw new TransientError('the connection was lost')
      },
    })
    // Its readers poll at no time.
    const bus = new EmbeddedBus(testPool(server.url), new VirtualClock(), silentLogger)
    const reading = new Reading(['unheard.1'])
    await bus.subscribe({ group: 'simulator.unheard', topics: [TOPIC], handle: reading.handle })
    const { relay, stop } = await instance(bus, unheard)
    const outbox = new Outbox(store, 'linter', identity.serviceSigner('linter'), () => relay.wake())
    await write(outbox, (key) => `unheard.${key}`, { keys: [1], fails: false })
    await reading.meet(1)
    expect(isLost).toBe(true)
    await stop()
    await bus.close()
  })

  it('sends nothing that a leader of before, which does not know it yet, has sent meanwhile', async () => {
    const outbox = new Outbox(store, 'linter', identity.serviceSigner('linter'), () => {})
    await linter.autocommit((tx) => store.sendUnsent(tx, 1_000))
    await write(outbox, (key) => `zombie.${key}`, { keys: [1, 2], fails: false })
    const waits = async (): Promise<boolean> => {
      const waiting = await linter.query(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
      return waiting.length > 0
    }
    const { before, after } = await linter.transaction(async (tx) => {
      const sent = await store.sendUnsent(tx, 1_000)
      const next = linter.autocommit((other) => store.sendUnsent(other, 1_000))
      await until('the next leader waits for the rows', waits)
      return { before: sent, after: { next } }
    })
    expect(before).toHaveLength(2)
    expect(await after.next).toEqual([])
  })
})

function commitOf({ value }: { value: string | null }): number {
  return (peekPredicate<EventPredicate>(JSON.parse(value!) as Envelope).data as { run: number }).run
}
