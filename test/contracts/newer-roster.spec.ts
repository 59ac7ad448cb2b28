import { describe, expect, it } from 'vitest'
import { EventConsumer, Outbox, DEAD_LETTERS } from '#libs/messaging'
import { MemoryBus, MemoryOutboxStore, MemoryPositionStore } from '#libs/messaging/testing'
import { MemoryDatabase } from '#libs/persistence/testing'
import { Metrics, silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import type { Roster } from '#libs/signing'
import { testIdentity } from '../support/identity.js'
import { signedRecord } from './signed-record.js'

/** A consumer that goes by `known` and finds `found` (or nothing) when it looks; the event is signed by a service of `signedBy`. */
async function deliver(known: Roster, found: Roster | undefined, record: Awaited<ReturnType<typeof signedRecord>>) {
  const clock = new VirtualClock()
  const database = new MemoryDatabase(clock)
  const outbox = new Outbox(new MemoryOutboxStore(), 'simulator', (await testIdentity()).serviceSigner('simulator'), () => {})
  let [newest, looks] = [known, 0]
  const handled: number[] = []
  const catchUp = async (): Promise<boolean> => {
    looks++
    newest = found ?? newest
    return found !== undefined
  }
  const rest = { clock, log: silentLogger, metrics: new Metrics(), bus: new MemoryBus(), positions: new MemoryPositionStore() }
  const consumer = new EventConsumer({
    service: 'simulator',
    stageTopic: 'hms.simulation.v1',
    database,
    outbox,
    roster: () => newest,
    loadNewerRoster: catchUp,
    ...rest,
  })
  consumer.onTopic('hms.lint.v1', async ({ keySeq }) => void handled.push(keySeq))
  await consumer.handle(record)
  const letters = await database.transaction((tx) => tx.documents(DEAD_LETTERS).find())
  return { handled, looks, letters: letters.map(({ code }) => code) }
}

describe('an event signed with a key that the newest known roster does not name', async () => {
  const [before, after] = await Promise.all([testIdentity(), testIdentity()])
  const record = await signedRecord(after, { keySeq: 1 })

  it('is handled when a newer roster, not yet received, names it', async () => {
    expect(await deliver(before.roster, after.roster, record)).toEqual({ handled: [1], looks: 1, letters: [] })
  })

  it('is a forgery when there is no newer one, or the newer one does not know it either', async () => {
    expect(await deliver(before.roster, undefined, record)).toEqual({ handled: [], looks: 1, letters: ['HMS_SIGNATURE_UNKNOWN_KEY'] })
    expect(await deliver(before.roster, before.roster, record)).toEqual({ handled: [], looks: 1, letters: ['HMS_SIGNATURE_UNKNOWN_KEY'] })
  })

  it('causes no query where the key is known', async () => {
    expect(await deliver(after.roster, undefined, record)).toEqual({ handled: [1], looks: 0, letters: [] })
  })
})
