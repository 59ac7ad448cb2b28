import type { ReceivedEvent } from '#libs/contracts'
import { memoryOf, type Transaction } from '#libs/persistence'
import type { PositionStore, StreamKey } from './position.store.js'

export class MemoryPositionStore implements PositionStore {
  async advance(tx: Transaction, stream: StreamKey, keySeq: number): Promise<'next' | 'duplicate' | 'gap'> {
    const rows = memoryOf(tx).rows<number>('stream_position')
    const last = rows.get(idOf(stream))
    if (last !== undefined && last >= keySeq) return 'duplicate'
    if (last !== undefined && last < keySeq - 1) return 'gap'
    rows.set(idOf(stream), keySeq)
    return 'next'
  }

  async park(tx: Transaction, stream: StreamKey, event: ReceivedEvent): Promise<void> {
    memoryOf(tx).rows<ReceivedEvent>('parked_event').set(`${idOf(stream)} ${event.keySeq}`, event)
  }

  async unpark(tx: Transaction, stream: StreamKey, keySeq: number): Promise<ReceivedEvent | undefined> {
    const rows = memoryOf(tx).rows<ReceivedEvent>('parked_event')
    const event = rows.get(`${idOf(stream)} ${keySeq}`)
    rows.delete(`${idOf(stream)} ${keySeq}`)
    return event
  }

  async parkedCount(tx: Transaction): Promise<number> {
    return memoryOf(tx).rows<ReceivedEvent>('parked_event').values().length
  }
}

function idOf({ consumer, producer, topic, key }: StreamKey): string {
  return JSON.stringify([consumer, producer, topic, key])
}
