import type { Timer, Transaction } from '#libs/persistence'
import { MemoryDatabase, MemoryTransaction } from '#libs/persistence/testing'
import type { Incarnation } from './incarnation.js'
import type { Scheduler } from './scheduler.js'

/** What a database does to a transaction. `unheard`: it is committed, and the caller gets an error. */
export type CommitFate = 'commit' | 'refuse' | 'roll back' | 'unheard' | 'die before' | 'die after'

/** The tables of one service: what outlives its processes. */
export class DurableTables {
  readonly tables = new Map<string, Map<string, unknown>>()
  busy = false

  constructor(private readonly scheduler: Scheduler) {}

  open(): SimulatedTransaction {
    return new SimulatedTransaction(this.tables, new Date(this.scheduler.nowMs))
  }

  /** How long nothing will fall due and nothing waits to be sent, or for its place in the audit log, within these bounds. */
  idleForMs(least: number, most: number): number {
    const tx = this.open()
    if (
      tx
        .rows<{ sentAt: number | null }>('outbox')
        .values()
        .some((row) => row.sentAt === null)
    )
      return least
    if (tx.rows('arrival').values().length > 0) return least
    let next = most
    for (const { dueAt } of tx.rows<Timer>('timer').values()) next = Math.min(next, dueAt.getTime() - tx.now.getTime())
    return Math.max(least, next)
  }

  /** For oracles: looks at what is committed. */
  read<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return work(this.open())
  }
}

class SimulatedTransaction extends MemoryTransaction {
  /** Whether the caller receives the response to the commit: effects after it happen only then. */
  heard = true

  override afterCommit(effect: () => void): void {
    super.afterCommit(() => {
      if (this.heard) effect()
    })
  }
}

/**
 * One process's connection to the tables of its service. Transactions do not interleave: each runs within one step, as row locks would
 * order them. What a crash within one leaves behind is nothing, so it is enough to crash before and after the commit.
 */
export class SimulatedDatabase extends MemoryDatabase {
  constructor(
    private readonly durable: DurableTables,
    private readonly incarnation: Incarnation,
    private readonly fateOf: () => CommitFate,
  ) {
    super(incarnation.clock)
  }

  override async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    await this.incarnation.gate()
    const fate = this.fateOf()
    if (fate === 'refuse') throw connectionLost()
    if (this.durable.busy) throw new Error('a transaction waited for something outside its database')
    this.durable.busy = true
    try {
      const tx = this.durable.open()
      const result = await work(tx)
      if (fate === 'roll back') throw connectionLost()
      if (fate === 'die before') this.incarnation.kill()
      else {
        tx.heard = fate === 'commit'
        tx.commit()
        if (fate === 'die after') this.incarnation.kill()
      }
      if (fate === 'unheard') throw connectionLost()
      if (fate === 'commit') return result
    } finally {
      this.durable.busy = false
    }
    return this.incarnation.never
  }

  override async close(): Promise<void> {}
}

function connectionLost(): Error {
  return Object.assign(new Error('terminating connection due to administrator command'), { code: '57P01' })
}
