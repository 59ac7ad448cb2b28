import { findAll, type Database, type Transaction } from '#libs/persistence'
import { isDataError, uuidv7 } from '#libs/platform'
import type { BotPresence } from './coverage.js'
import type { LeftBots, LeftBotsChanges } from './left-bots.js'
import type { CountedReaders } from './seen-readers.js'
import { chunkId, type LeftBot, type Node, NODES, PRESENCE, type PresenceChunk } from './presence.table.js'

/** Lease of an instance in ms. An instance that did not renew counts as gone, with its bots. */
const LEASE_MS = 20_000
/** Time in ms after a lease's end when others remove the instance's rows. A merely slow instance then gets `wasRemoved`. */
const REMOVE_DEAD_AFTER_MS = 60_000
/** Lock for writing departures and returns, so that no instance records the departure of a bot that another instance has. */
const LEFT_BOTS_LOCK = 'left-bots'

/** Chunk number that belongs to no instance: its row is deleted before other instances can see it. */
const PROBE = -1

export interface Exchanged {
  /** Bots of all other live instances. */
  others: BotPresence[]
  /** Counts of those instances' readers without a bot's name. */
  readers: CountedReaders[]
  /** Whether other instances removed this instance's rows meanwhile, so that they must be written again. */
  wasRemoved: boolean
}

/** Exchanges bots between the instances: rows per instance, under a lease. */
export class PresenceExchange {
  private readonly node = uuidv7()
  private readonly written = new Set<number>()

  constructor(
    private readonly database: Database,
    private readonly leftBots: Pick<LeftBots, 'write' | 'rowsOfDeadInstance'>,
    private readonly isOwn: (bot: string) => boolean,
  ) {}

  /**
   * Renews the lease, writes `chunks` and `left`, and returns the reports of other instances. A bot that the database refuses is left out
   * and named in `refused`: it must not block the bots that share its row or transaction. `left` is not written then.
   */
  async exchange(
    chunks: ReadonlyMap<number, BotPresence[]>,
    readers: CountedReaders,
    left?: LeftBotsChanges,
  ): Promise<Exchanged & { refused: string[] }> {
    try {
      return { ...(await this.exchangeAll(chunks, readers, left)), refused: [] }
    } catch (error) {
      if (!isDataError(error)) throw error // guard: presence-set-aside
    }
    const storable = new Map<number, BotPresence[]>()
    for (const [chunk, bots] of chunks) storable.set(chunk, await this.storableOf(bots))
    const stored = new Set([...storable.values()].flat())
    return {
      ...(await this.exchangeAll(storable, readers)),
      refused: [...chunks.values()]
        .flat()
        .filter((bot) => !stored.has(bot))
        .map(({ bot }) => bot),
    }
  }

  /** Returns the bots that the database accepts. Searches by halving, so that one refused bot among many costs few writes. */
  private async storableOf(bots: BotPresence[]): Promise<BotPresence[]> {
    if (bots.length === 0 || (await this.isStorable(bots))) return bots
    if (bots.length === 1) return []
    const middle = bots.length >> 1
    return [...(await this.storableOf(bots.slice(0, middle))), ...(await this.storableOf(bots.slice(middle)))]
  }

  private async isStorable(bots: BotPresence[]): Promise<boolean> {
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

  /** Renews the lease, writes `chunks` and `left`, and returns the bots of all other live instances. */
  private exchangeAll(chunks: ReadonlyMap<number, BotPresence[]>, readers: CountedReaders, left?: LeftBotsChanges): Promise<Exchanged> {
    return this.database.transaction(async (tx) => {
      const isNews = left !== undefined && left.rows.length + left.current.length > 0
      if (isNews) await tx.lock([LEFT_BOTS_LOCK])
      const nodes = await findAll(tx, NODES)
      await tx.documents(NODES).put({ id: this.node, leaseUntil: shiftedTime(tx.now, LEASE_MS), readers })
      for (const [chunk, bots] of chunks) await tx.documents(PRESENCE).put({ node: this.node, chunk, bots })
      const others = nodes.filter(({ id }) => id !== this.node)
      const dead = others.filter(({ leaseUntil }) => leaseUntil < shiftedTime(tx.now, -REMOVE_DEAD_AFTER_MS))
      const lostBots = await this.removeDead(tx, dead)
      const living = others.filter(({ leaseUntil }) => leaseUntil > tx.now.toISOString())
      const rows = await this.rowsOf(tx, living)
      if (isNews || lostBots.length > 0) {
        const connected = new Set(rows.flatMap(({ bots }) => bots.map(({ bot }) => bot)))
        const leftBehind = lostBots.filter(({ bot }) => !this.isOwn(bot))
        const news = { rows: [...(left?.rows ?? []), ...leftBehind], current: left?.current ?? [] }
        await this.leftBots.write(tx, news, (bot) => connected.has(bot))
      }
      const wasRemoved = this.written.size > 0 && others.length === nodes.length
      tx.afterCommit(() => {
        if (wasRemoved) this.written.clear()
        for (const chunk of chunks.keys()) this.written.add(chunk)
      })
      return { others: rows.flatMap(({ bots }) => bots), readers: living.flatMap((node) => node.readers ?? []), wasRemoved }
    })
  }

  /** Removes this instance's rows at shutdown: the other instances drop its bots at their next exchange. `left`: departures of its bots. */
  async leave(left?: LeftBotsChanges): Promise<void> {
    await this.database.transaction(async (tx) => {
      if (left !== undefined) await tx.lock([LEFT_BOTS_LOCK])
      await tx.documents(NODES).delete(this.node)
      for (const chunk of this.written) await tx.documents(PRESENCE).delete(chunkId(this.node, chunk))
      if (left === undefined) return
      const living = (await findAll(tx, NODES)).filter(({ leaseUntil }) => leaseUntil > tx.now.toISOString())
      const rows = await this.rowsOf(tx, living)
      const connected = new Set(rows.flatMap(({ bots }) => bots.map(({ bot }) => bot)))
      await this.leftBots.write(tx, left, (bot) => connected.has(bot))
    })
  }

  /** Deletes the rows of dead instances. Returns a row for each of their bots that was behind. */
  private async removeDead(tx: Transaction, dead: readonly Node[]): Promise<LeftBot[]> {
    if (dead.length === 0) return []
    await tx.lock([LEFT_BOTS_LOCK])
    const lost: LeftBot[] = []
    for (const { id, leaseUntil } of dead) {
      const renewedMs = Date.parse(leaseUntil) - LEASE_MS
      for (const { chunk, bots } of await this.rowsOf(tx, [{ id }])) {
        lost.push(...this.leftBots.rowsOfDeadInstance(bots, renewedMs))
        await tx.documents(PRESENCE).delete(chunkId(id, chunk))
      }
      await tx.documents(NODES).delete(id)
    }
    return lost
  }

  private async rowsOf(tx: Transaction, nodes: readonly Pick<Node, 'id'>[]): Promise<PresenceChunk[]> {
    return nodes.length === 0 ? [] : findAll(tx, PRESENCE, { node: nodes.map(({ id }) => id) })
  }
}

function shiftedTime(now: Date, ms: number): string {
  return new Date(now.getTime() + ms).toISOString()
}
