import type { VerifiedEvent } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { memoryOf, type MemoryRows } from '#libs/persistence/testing'
import type { Advance, PositionStore, StreamKey } from '../inbox/position.store.js'

export class MemoryPositionStore implements PositionStore {
  async advance(tx: Transaction, stream: StreamKey, keySeq: number, gap?: 'skip'): Promise<Advance> {
    const rows = memoryOf(tx).rows<Position>('stream_position')
    const { first = keySeq, last } = rows.get(idOf(stream)) ?? {}
    // guard: position-check-simulated
    if (last !== undefined && last >= keySeq) return { order: keySeq < first ? 'before' : 'duplicate', last, parked: true }
    // guard: position-check-simulated
    if (last !== undefined && last < keySeq - 1 && gap === undefined) return { order: 'gap', last, parked: true }
    rows.set(idOf(stream), { first, last: keySeq, movedAt: memoryOf(tx).now.getTime() })
    const parked = parkedOf(tx)
      .values()
      .some((waiting) => waiting.stream === idOf(stream))
    return { order: 'next', last: keySeq, parked }
  }

  async requireNext(tx: Transaction, stream: StreamKey, keySeq: number, gap?: 'skip'): Promise<void> {
    const { order, parked } = await this.advance(tx, stream, keySeq, gap)
    // guard: blind-next-simulated
    if (order !== 'next' || parked) throw new Error(`${stream.topic} ${stream.key} ${keySeq} is not the next event`)
  }

  async park(tx: Transaction, stream: StreamKey, event: VerifiedEvent): Promise<void> {
    const id = `${idOf(stream)} ${event.keySeq}`
    if (parkedOf(tx).get(id) !== undefined) return
    const at = memoryOf(tx).now.getTime()
    parkedOf(tx).set(id, { stream: idOf(stream), at, event: JSON.parse(JSON.stringify(event)) as VerifiedEvent })
  }

  async unpark(tx: Transaction, stream: StreamKey, keySeq: number): Promise<VerifiedEvent | undefined> {
    const mine = parkedOf(tx)
      .values()
      .filter((parked) => parked.stream === idOf(stream))
    for (const { event } of mine) if (event.keySeq <= keySeq) parkedOf(tx).delete(`${idOf(stream)} ${event.keySeq}`)
    return mine.find(({ event }) => event.keySeq === keySeq + 1)?.event
  }

  async parked(tx: Transaction): Promise<{ count: number; oldestAt: Date | null }> {
    const times = parkedOf(tx)
      .values()
      .map(({ event }) => Date.parse(event.time))
    return { count: times.length, oldestAt: times.length === 0 ? null : new Date(Math.min(...times)) }
  }

  async overdue(tx: Transaction, waitedMs: number): Promise<VerifiedEvent[]> {
    const rows = parkedOf(tx).values()
    const since = memoryOf(tx).now.getTime() - waitedMs
    const streams = new Set(rows.filter(({ at }) => at <= since).map(({ stream }) => stream))
    return [...streams].map(
      (id) => rows.filter(({ stream }) => stream === id).reduce((a, b) => (a.event.keySeq < b.event.keySeq ? a : b)).event,
    )
  }

  async prune(tx: Transaction, before: Date, limit: number): Promise<number> {
    const rows = memoryOf(tx).rows<Position>('stream_position')
    const waiting = new Set(
      parkedOf(tx)
        .values()
        .map(({ stream }) => stream),
    )
    return rows.deleteFirst(limit, ({ movedAt }, id) => movedAt < before.getTime() && !waiting.has(id)).length
  }
}

interface Position {
  first: number
  last: number
  /** Epoch milliseconds of the last advance. */
  movedAt: number
}

interface Parked {
  stream: string
  /** Epoch milliseconds at which the event arrived. */
  at: number
  event: VerifiedEvent
}

function parkedOf(tx: Transaction): MemoryRows<Parked> {
  return memoryOf(tx).rows<Parked>('parked_event')
}

function idOf({ consumer, producer, topic, key }: StreamKey): string {
  return JSON.stringify([consumer, producer, topic, key])
}
