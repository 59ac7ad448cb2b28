import type { RunView } from '#libs/contracts'
import type { Database } from '#libs/persistence'
import { MemoryDatabase } from '#libs/persistence/testing'
import { newRun } from '#libs/pipeline'
import { silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import type { Signals } from '#libs/service'
import { expect, it } from 'vitest'
import { RunFeed } from './run-feed.js'
import { RUNS } from './run.table.js'

it('delivers a run at the next poll after a failed read, without any signal', async () => {
  const clock = new VirtualClock('2026-01-01T00:00:00.000Z')
  const database = new MemoryDatabase(clock)
  let isAway = true
  const autocommit: MemoryDatabase['autocommit'] = (work) => (isAway ? Promise.reject(new Error('away')) : database.autocommit(work))
  const facts = { ...newRun(7, [{ id: 'pm25', version: '1.0.0', digest: 'sha256:' }], clock.now().toISOString()) }
  await database.transaction((tx) =>
    tx.documents(RUNS).put({ facts, approval: 'sha256:a', key: 'pm25', waits: { observeMs: 0, bakeMs: 0 } }),
  )
  const feed = new RunFeed({ autocommit } as Database, { on: () => {} } as unknown as Signals, clock, silentLogger)
  feed.onModuleInit()
  const seen: RunView[] = []
  const follower = feed.follow(7).subscribe((view) => seen.push(view))
  const pass = async (): Promise<void> => {
    clock.advanceTo(clock.now().getTime() + 10_000)
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  await pass()
  expect(seen).toEqual([])
  isAway = false
  await pass()
  expect(seen.map(({ run }) => run)).toEqual([7])
  follower.unsubscribe()
  feed.beforeApplicationShutdown()
})
