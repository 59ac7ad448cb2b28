import { findAll, type Database, type Transaction } from '#libs/persistence'
import { isDataError, uuidv7 } from '#libs/platform'
import type { BotPresence } from './coverage.js'
import type { CountedReaders } from './seen-readers.js'
import { chunkId, NODES, PRESENCE, type Node, type PresenceChunk } from './presence.table.js'

/** Lease of an instance in ms. An instance that did not renew counts as gone, with its bots. */
const LEASE_MS = 20_000
/** Rows of a dead instance are removed after this time in ms; a merely slow instance is notified that its rows are gone. */
const FORGET_MS = 60_000

/** Chunk number that belongs to no instance: its row is deleted before other instances can see it. */
const PROBE = -1

export interface Exchanged {
  /** Bots of all other live instances. */
  others: BotPresence[]
  /** Readers without a bot's name of those instances. */
  readers: CountedReaders[]
  /** Whether this instance's rows were removed meanwhile, and must be written again. */
  forgotten: boolean
}

/** Exchanges bots between the instances: rows per instance, under a lease. */
export class PresenceExchange {
  private readonly node = uuidv7()
  private readonly written = new Set<number>()

  constructor(private readonly database: Database) {}

  /**
   * Renews the lease, writes `chunks`, and returns the reports of other instances. A bot that the database refuses is left out and named in
   * `refused`: it must not block the bots that share its row or transaction.
   */
  async tell(chunks: ReadonlyMap<number, BotPresence[]>, readers: CountedReaders): Promise<Exchanged & { refused: string[] }> {
    try {
      return { ...(await this.exchangeAll(chunks, readers)), refused: [] }
    } catch (error) {
      if (!isDataError(error)) throw error
    }
    const storable = new Map<number, BotPresence[]>()
    for (const [chunk, bots] of chunks) storable.set(chunk, await this.storable(bots))
    const kept = new Set([...storable.values()].flat())
    return {
      ...(await this.exchangeAll(storable, readers)),
      refused: [...chunks.values()]
        .flat()
        .filter((bot) => !kept.has(bot))
        .map(({ bot }) => bot),
    }
  }

  /** Searches by halving, so that one refused bot among many costs few writes. */
  private async storable(bots: BotPresence[]): Promise<BotPresence[]> {
    if (bots.length === 0 || (await this.takes(bots))) return bots
    if (bots.length === 1) return []
    const middle = bots.length >> 1
    return [...(await this.storable(bots.slice(0, middle))), ...(await this.storable(bots.slice(middle)))]
  }

  private async takes(bots: BotPresence[]): Promise<boolean> {
    try {
      await this.database.transaction(async (tx) => {
        await tx.documents(PRESENCE).put({ node: this.node, chunk: PROBE, bots })
        await tx.documents(PRESENCE).delete(chunkId(this.node, PROBE))
      })
      return true
    } catch (error) {
      if (isDataError(error)) return false
      throw error
    }
  }

  /** Renews the lease, writes `chunks`, and returns the bots of all other live instances. */
  private exchangeAll(chunks: ReadonlyMap<number, BotPresence[]>, readers: CountedReaders): Promise<Exchanged> {
    return this.database.transaction(async (tx) => {
      const nodes = await findAll(tx, NODES)
      await tx.documents(NODES).put({ id: this.node, leaseUntil: later(tx.now, LEASE_MS), readers })
      for (const [chunk, bots] of chunks) await tx.documents(PRESENCE).put({ node: this.node, chunk, bots })
      const others = nodes.filter(({ id }) => id !== this.node)
      await this.forget(tx, others)
      const living = others.filter(({ leaseUntil }) => leaseUntil > tx.now.toISOString())
      const rows =
        living.length === 0
          ? []
          : await this.rowsOf(
              tx,
              living.map(({ id }) => id),
            )
      const forgotten = this.written.size > 0 && others.length === nodes.length
      tx.afterCommit(() => {
        if (forgotten) this.written.clear()
        for (const chunk of chunks.keys()) this.written.add(chunk)
      })
      return { others: rows.flatMap(({ bots }) => bots), readers: living.flatMap((node) => node.readers ?? []), forgotten }
    })
  }

  /** Removes this instance's rows at shutdown: the other instances drop its bots at their next exchange. */
  async leave(): Promise<void> {
    await this.database.transaction(async (tx) => {
      await tx.documents(NODES).delete(this.node)
      for (const chunk of this.written) await tx.documents(PRESENCE).delete(chunkId(this.node, chunk))
    })
  }

  private async forget(tx: Transaction, others: readonly Node[]): Promise<void> {
    const limit = later(tx.now, -FORGET_MS)
    const dead = others.filter(({ leaseUntil }) => leaseUntil < limit).map(({ id }) => id)
    if (dead.length === 0) return
    for (const { node, chunk } of await this.rowsOf(tx, dead)) await tx.documents(PRESENCE).delete(chunkId(node, chunk))
    for (const id of dead) await tx.documents(NODES).delete(id)
  }

  private rowsOf(tx: Transaction, nodes: string[]): Promise<PresenceChunk[]> {
    return findAll(tx, PRESENCE, { node: nodes })
  }
}

function later(now: Date, ms: number): string {
  return new Date(now.getTime() + ms).toISOString()
}
