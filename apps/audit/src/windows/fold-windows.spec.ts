import type { VerifiedEvent } from '#libs/contracts'
import { Timers } from '#libs/persistence'
import { MemoryDatabase, MemoryTimerStore } from '#libs/persistence/testing'
import { silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { MemoryEntryStore } from '../testing/memory-entry-store.js'
import type { Intake } from '../entries/intake.js'
import type { Sequencer } from '../log/sequencer.js'
import { FoldWindows } from './fold-windows.js'
import { windowedOf } from './window.js'
import { WINDOWED } from './window.table.js'

let clock: VirtualClock
let database: MemoryDatabase
let timers: Timers
let windows: FoldWindows
beforeEach(() => {
  clock = new VirtualClock('2026-01-01T00:00:00Z')
  database = new MemoryDatabase(clock)
  timers = new Timers(database, new MemoryTimerStore(), clock, silentLogger)
  const [intake, sequencer] = [{ wake: () => {} }, { halted: undefined }]
  windows = new FoldWindows(timers, new MemoryEntryStore(), intake as unknown as Intake, sequencer as unknown as Sequencer)
  windows.onModuleInit()
  timers.start()
})
afterEach(() => timers.stop())

const alert = (id: string, time: string): VerifiedEvent =>
  ({ id, topic: 'hms.alert.v1', source: '/bot', type: 'alert', time, data: {}, envelope: { payload: '' } }) as unknown as VerifiedEvent
const take = (id: string, time: string): Promise<void> => database.transaction((tx) => windows.take(tx, alert(id, time)))
const waiting = async (): Promise<string[]> =>
  (await database.transaction((tx) => tx.documents(WINDOWED).find())).map(({ event }) => event).sort()

async function advance(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    clock.advanceTo(clock.now().getTime() + 1_000)
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
}

it('folds a window when it has ended, also after an event whose producer is an hour ahead', async () => {
  await take('ahead', '2026-01-01T01:00:00Z')
  await take('now', '2026-01-01T00:00:10Z')
  await advance(75)
  expect(await waiting()).toEqual(['ahead'])
})

it('folds an event whose transaction saw the timer of a fold that did not see the event', async () => {
  await take('seen', '2026-01-01T00:00:10Z')
  await advance(75)
  await database.transaction((tx) => tx.documents(WINDOWED).insert(windowedOf(alert('unseen', '2026-01-01T00:00:20Z'))))
  await advance(10)
  expect(await waiting()).toEqual([])
  expect(await database.transaction((tx) => timers.pending(tx, 'audit-windows'))).toHaveLength(1)
  await advance(15)
  expect(await database.transaction((tx) => timers.pending(tx, 'audit-windows'))).toEqual([])
})
