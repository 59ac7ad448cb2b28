import { TOPICS } from '#libs/contracts'
import { DEAD_LETTERS, type OutboxStore, type PositionStore } from '#libs/messaging'
import type { Database, TimerStore, Transaction } from '#libs/persistence'

/** Backlogs of a service: how much waits, and for how long, in ms of the database's clock. 0 if nothing waits. */
export interface Vitals {
  outboxPending: number
  outboxOldestMs: number
  timersOverdueMs: number
  parked: number
  parkedOldestMs: number
  /** Open dead letters by original topic. */
  letters: { topic: string; count: number; oldestMs: number }[]
}

export function readVitals(
  database: Database,
  stores: { outbox: OutboxStore; positions: PositionStore; timers: TimerStore },
): Promise<Vitals> {
  return database.transaction(async (tx) => {
    const ageOf = (at: Date | string | null): number => (at === null ? 0 : Math.max(0, tx.now.getTime() - new Date(at).getTime()))
    const outbox = await stores.outbox.pending(tx)
    const parked = await stores.positions.parked(tx)
    const nextDueMs = await stores.timers.nextDueInMs(tx)
    const letters = await waitingLetters(tx)
    return {
      outboxPending: outbox.count,
      outboxOldestMs: ageOf(outbox.oldestAt),
      timersOverdueMs: nextDueMs === null ? 0 : Math.max(0, -nextDueMs),
      parked: parked.count,
      parkedOldestMs: ageOf(parked.oldestAt),
      letters: letters.map(({ topic, count, oldestAt }) => ({ topic, count, oldestMs: ageOf(oldestAt) })),
    }
  })
}

/**
 * Counts open letters in the database, reading only the oldest of each topic, because a letter may contain 4 MiB. One statement if there is
 * none, as usual.
 */
async function waitingLetters(tx: Transaction): Promise<{ topic: string; count: number; oldestAt: string | null }[]> {
  const letters = tx.documents(DEAD_LETTERS)
  if ((await letters.count({ state: 'waiting' })) === 0) return []
  const found: { topic: string; count: number; oldestAt: string | null }[] = []
  for (const { name: topic } of TOPICS) {
    const where = { state: 'waiting', topic }
    const count = await letters.count(where)
    if (count > 0) found.push({ topic, count, oldestAt: (await letters.find({ where, orderBy: 'at', limit: 1 }))[0]?.at ?? null })
  }
  return found
}
