import type { LeftBotView } from '#libs/contracts'
import { Database, findAll, type Transaction } from '#libs/persistence'
import { Clock, SharedAnswer } from '#libs/platform'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { DocumentCopy } from '../copy/document-copy.js'
import { StoreTime } from '../store-time.js'
import { type BotPresence, type PolicyCheck, policyChecks } from './coverage.js'
import { LEFT_BOTS, LEFT_BOTS_MS, type LeftBot, MAX_BEHIND, MAX_LEFT_BOTS } from './presence.table.js'

/** Departures, and returns, that one exchange judges and writes: a fleet that leaves at once takes several. */
const AT_ONCE = 1_000
/** A bot that leaves sooner without an acknowledgement had no time for one. */
const FIRST_WORD_MS = 5_000
/** The list is read once for readers who ask at the same time. */
const LIST_SHARED_MS = 1_000

interface Departure {
  bot: BotPresence
  leftMs: number
  /** It was not yet seen current since it joined, so an earlier row of it may be there. */
  returned: boolean
  /** By what was in force at that time. */
  checks: readonly PolicyCheck[]
}

/** Departures and returns for one exchange. */
export interface LeftBotsNews {
  departures: readonly Departure[]
  rows: LeftBot[]
  /** Bots that acknowledged all that is in force for them: their rows go. */
  current: string[]
  acknowledged: readonly string[]
}

/**
 * Bots that left while they had not acknowledged what was in force for them. Written in the transaction in which the instances exchange
 * presence, under a lock: a bot that another instance has meanwhile is not written, and a return is never overtaken by the departure before
 * it. Nothing here counts for coverage, a gate or a verdict.
 */
@Injectable()
export class LeftBots implements OnModuleInit {
  /** By bot, in the order in which they left. */
  private readonly departed = new Map<string, Departure>()
  /** Joined this instance and not yet seen current. */
  private readonly returning = new Set<string>()
  /** Those of them that acknowledged since the last exchange. */
  private readonly acknowledged = new Set<string>()
  /** Bots of this instance that another instance heard later: their departure here is no news. */
  private readonly elsewhere = new Set<string>()
  private checks: readonly PolicyCheck[] | undefined
  private readonly listed = new SharedAnswer(() => this.database.autocommit((tx) => findAll(tx, LEFT_BOTS)), this.clock, LIST_SHARED_MS)

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly time: StoreTime,
    private readonly copy: DocumentCopy,
  ) {}

  onModuleInit(): void {
    this.copy.onChange(() => (this.checks = undefined))
  }

  joined(bot: string): void {
    this.elsewhere.delete(bot)
    this.returning.add(bot)
  }

  applied(bot: string): void {
    this.elsewhere.delete(bot)
    if (this.returning.has(bot)) this.acknowledged.add(bot)
  }

  heardElsewhere(bot: string): void {
    this.elsewhere.add(bot)
  }

  /** Its last stream to this instance ended. */
  left(bot: BotPresence): void {
    const returned = this.returning.delete(bot.bot)
    this.acknowledged.delete(bot.bot)
    if (this.elsewhere.delete(bot.bot)) return
    const leftMs = this.time.nowMs()
    if (bot.revision === 0 && leftMs - Date.parse(bot.since) < FIRST_WORD_MS) return
    this.departed.set(bot.bot, { bot, leftMs, returned, checks: this.checksNow() })
    const [oldest] = this.departed.keys()
    if (this.departed.size > MAX_LEFT_BOTS && oldest !== undefined) this.departed.delete(oldest)
  }

  /** Returns the rows that the next exchange writes and deletes, if any. `own`: the connected bots of this instance. */
  news(own: (bot: string) => BotPresence | undefined): LeftBotsNews | undefined {
    if (this.departed.size === 0 && this.acknowledged.size === 0) return undefined
    const departures = [...this.departed.values()].slice(0, AT_ONCE)
    const judged = departures.map((departure) => ({ ...departure, row: rowOf(departure) }))
    const acknowledged = [...this.acknowledged].slice(0, AT_ONCE)
    const [checks, nowMs] = [this.checksNow(), this.time.nowMs()]
    const isCurrentNow = (name: string): boolean => {
      const bot = own(name)
      return bot !== undefined && bot.revision > 0 && checks.every(({ passes }) => passes(bot, nowMs))
    }
    const leftCurrent = judged.filter(({ row, returned, bot }) => returned && row === undefined && bot.revision > 0)
    const current = [...leftCurrent.map(({ bot }) => bot.bot), ...acknowledged.filter(isCurrentNow)]
    const gone = new Set(current)
    const rows = judged.flatMap(({ row }) => (row === undefined || gone.has(row.bot) ? [] : [row]))
    return { departures, acknowledged, rows, current }
  }

  /** Rows of bots that an instance had when it died. What was stored since its last renewal is not held against them. */
  rowsOfLost(bots: readonly BotPresence[], renewedMs: number): LeftBot[] {
    const policies = this.copy.policies().map((id) => ({ id, documents: this.copy.documentsOf(id) }))
    const known = policies.filter(({ documents }) => documents.every(({ storedAt }) => storedAt <= renewedMs))
    const checks = policyChecks(known)
    return bots.flatMap((bot) => rowOf({ bot, leftMs: renewedMs, checks }) ?? [])
  }

  /** Under the lock of the exchange. `isElsewhere`: bots that another living instance has. */
  async write(
    tx: Transaction,
    { rows, current }: Pick<LeftBotsNews, 'rows' | 'current'>,
    isElsewhere: (bot: string) => boolean,
  ): Promise<void> {
    const table = tx.documents(LEFT_BOTS)
    for (const { bot } of current.length === 0 ? [] : await table.find({ where: { id: current } })) await table.delete(bot)
    const left = rows.filter(({ bot }) => !isElsewhere(bot))
    for (const row of left) await table.put(row)
    const beyond = left.length === 0 ? 0 : (await table.count()) - MAX_LEFT_BOTS
    if (beyond > 0) for (const { bot } of await table.find({ orderBy: 'left_at', limit: beyond })) await table.delete(bot)
    tx.afterCommit(() => this.listed.forget())
  }

  /** These are in the table, or cannot be stored. Returns whether others wait. */
  settled({ departures, acknowledged, current }: LeftBotsNews): boolean {
    for (const departure of departures) if (this.departed.get(departure.bot.bot) === departure) this.departed.delete(departure.bot.bot)
    for (const bot of acknowledged) this.acknowledged.delete(bot)
    for (const bot of current) this.returning.delete(bot)
    return this.departed.size > 0 || this.acknowledged.size > 0
  }

  /** All of the last seven days, by bot. */
  async list(): Promise<LeftBot[]> {
    const oldest = new Date(this.time.nowMs() - LEFT_BOTS_MS).toISOString()
    return (await this.listed.get()).filter(({ leftAt }) => leftAt > oldest)
  }

  private checksNow(): readonly PolicyCheck[] {
    return (this.checks ??= policyChecks(this.copy.policies().map((id) => ({ id, documents: this.copy.documentsOf(id) }))))
  }
}

/** The row of a bot that was behind when it left; `undefined` where it was not. Pure. */
function rowOf({ bot, leftMs, checks }: Omit<Departure, 'returned'>): LeftBot | undefined {
  const behind = checks.filter(({ passes }) => !passes(bot, leftMs))
  if (behind.length === 0) return undefined
  const named = behind
    .map(({ policy }) => policy)
    .sort()
    .slice(0, MAX_BEHIND)
  return {
    bot: bot.bot,
    region: bot.region,
    revision: bot.revision,
    since: bot.since,
    leftAt: new Date(leftMs).toISOString(),
    behind: named.map((policy) => ({ policy, digest: bot.applied[policy] ?? null })),
  }
}

/** Those that were behind in one policy, the newest first. Pure. */
export function leftOf(policy: string, rows: readonly LeftBot[]): LeftBotView[] {
  return rows
    .flatMap(({ bot: id, region, revision, since, leftAt, behind }) => {
      const lag = behind.find((each) => each.policy === policy)
      return lag === undefined ? [] : [{ id, region, revision, since, leftAt, digest: lag.digest, version: null }]
    })
    .sort((a, b) => (a.leftAt > b.leftAt ? -1 : 1))
}
