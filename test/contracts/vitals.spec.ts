import { expect, it } from 'vitest'
import { DEAD_LETTERS, type DeadLetter } from '#libs/messaging'
import { MemoryOutboxStore, MemoryPositionStore } from '#libs/messaging/testing'
import { MemoryDatabase, MemoryTimerStore } from '#libs/persistence/testing'
import { VirtualClock } from '#libs/platform/testing'
import { readVitals } from '../../libs/service/src/vitals/backlog-monitor.js'

const NOW = '2026-01-01T00:01:00.000Z'

it('vital signs count the letters that wait, by topic, and since when', async () => {
  const database = new MemoryDatabase(new VirtualClock(NOW))
  const stores = { outbox: new MemoryOutboxStore(), positions: new MemoryPositionStore(), timers: new MemoryTimerStore() }
  const letter = (id: string, topic: string, second: number, state: DeadLetter['state'] = 'waiting'): DeadLetter => ({
    id,
    topic,
    state,
    group: 'linter',
    key: null,
    value: null,
    headers: {},
    position: '0:0',
    code: '',
    detail: '',
    run: null,
    tries: 1,
    at: `2026-01-01T00:00:${second}.000Z`,
  })
  expect((await readVitals(database, stores, ['run-deadline'])).letters).toEqual([])
  await database.transaction(async (tx) => {
    for (const each of [
      letter('a', 'hms.lint.v1', 40),
      letter('b', 'hms.lint.v1', 20),
      letter('c', 'hms.approval.v1', 50),
      letter('d', 'hms.lint.v1', 10, 'ignored'),
      letter('e', 'timer:run-deadline', 55),
    ]) {
      await tx.documents(DEAD_LETTERS).put(each)
    }
  })
  expect((await readVitals(database, stores, ['run-deadline'])).letters).toEqual([
    { topic: 'hms.approval.v1', count: 1, oldestMs: 10_000 },
    { topic: 'hms.lint.v1', count: 2, oldestMs: 40_000 },
    { topic: 'timer:run-deadline', count: 1, oldestMs: 5_000 },
  ])
})
