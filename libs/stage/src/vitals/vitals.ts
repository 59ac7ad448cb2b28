import { DEAD_LETTERS, type OutboxStore, type PositionStore } from '#libs/messaging'
import type { Database, TimerStore } from '#libs/persistence'

/** What says whether a service keeps up: how much waits, and for how long, in ms of the database's clock. 0 when nothing waits. */
export interface Vitals {
  outboxPending: number
  outboxOldestMs: number
  timersOverdueMs: number
  parked: number
  parkedOldestMs: number
  /** Dead letters that wait for a person, by the topic they came on. */
  letters: { topic: string; count: number; oldestMs: number }[]
}

const MAX_LETTERS = 10_000

export function readVitals(database: Database, stores: { outbox: OutboxStore; positions: PositionStore; timers: TimerStore }): Promise<Vitals> {
  return database.transaction(async (tx) => {
    const ageOf = (at: Date | string | null): number => (at === null ? 0 : Math.max(0, tx.now.getTime() - new Date(at).getTime()))
    const outbox = await stores.outbox.pending(tx)
    const parked = await stores.positions.parked(tx)
    const nextDueMs = await stores.timers.nextDueInMs(tx)
    const waiting = await tx.documents(DEAD_LETTERS).find({ where: { state: 'waiting' }, orderBy: 'at', limit: MAX_LETTERS })
    const topics = [...new Set(waiting.map((letter) => letter.topic))]
    return {
      outboxPending: outbox.count,
      outboxOldestMs: ageOf(outbox.oldestAt),
      timersOverdueMs: nextDueMs === null ? 0 : Math.max(0, -nextDueMs),
      parked: parked.count,
      parkedOldestMs: ageOf(parked.oldestAt),
      letters: topics.map((topic) => {
        const mine = waiting.filter((letter) => letter.topic === topic)
        return { topic, count: mine.length, oldestMs: ageOf(mine[0]!.at) }
      }),
    }
  })
}
