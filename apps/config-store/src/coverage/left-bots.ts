import type { LeftBotView } from '#libs/contracts'
import { Database, findAll, type Transaction } from '#libs/persistence'
import { Clock, SharedResult } from '#libs/platform'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { DocumentCopy } from '../copy/document-copy.js'
import { StoreTime } from '../store-time.js'
import { type BotPresence, type PolicyCheck, policyChecks } from './coverage.js'
import { LEFT_BOTS, LEFT_BOTS_MS, type LeftBot, MAX_BEHIND, MAX_LEFT_BOTS } from './presence.table.js'

/** Limit of departures, and of returns, that one exchange judges and writes; a fleet that leaves at once takes several exchanges. */
const MAX_PER_EXCHANGE = 1_000
/** Time in ms that a bot has for its first acknowledgement; one that leaves earlier without it is not recorded. */
const FIRST_ACKNOWLEDGEMENT_MS = 5_000
/** Time in ms for which readers share one read of the list. */
const LIST_SHARED_MS = 1_000

interface Departure {
  bot: BotPresence
  leftMs: number
  /** Whether an earlier row of the bot may exist: since it joined, it was never seen with everything in force. */
  returned: boolean
  /** Checks against the documents in force when the bot left. */
  checks: readonly PolicyCheck[]
}

/** Departures and returns for one exchange. */
export interface LeftBotsChanges {
  departures: readonly Departure[]
  rows: LeftBot[]
  /** Bots that acknowledged all that is in force for them, whose rows are deleted. */
  current: string[]
  acknowledged: readonly string[]
}

/**
 * Records bots that left before acknowledging what was in force for them; the rows count for no coverage, gate or verdict. They are written
 * under a lock in the exchange of presence, but not for bots that another instance has by then, or that have returned.
 */
@Injectable()
export class LeftBots implements OnModuleInit {
  /** By bot, in the order in which they left. */
  private readonly departed = new Map<string, Departure>()
  /** Bots that joined this instance and were not seen current yet. */
  private readonly returning = new Set<string>()
  /** Bots of `returning` that acknowledged since the last exchange. */
  private readonly acknowledged = new Set<string>()
  /** Bots of this instance with a later report at another instance: their departure from this one is ignored. */
  private readonly elsewhere = new Set<string>()
  private checks: readonly PolicyCheck[] | undefined
  private readonly sharedList = new SharedResult(() => this.database.autocommit((tx) => findAll(tx, LEFT_BOTS)), this.clock, LIST_SHARED_MS)

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly time: StoreTime,
    private readonly copy: DocumentCopy,
  ) {}

  onModuleInit(): void {
    this.copy.onChange(() => (this.checks = undefined))
  }

  onJoined(bot: string): void {
    this.elsewhere.delete(bot)
    this.returning.add(bot)
  }

  onApplied(bot: string): void {
    this.elsewhere.delete(bot)
    if (this.returning.has(bot)) this.acknowledged.add(bot)
  }

  seenElsewhere(bot: string): void {
    this.elsewhere.add(bot)
  }

  /** Records that the bot's last stream to this instance ended. */
  onLeft(bot: BotPresence): void {
    const returned = this.returning.delete(bot.bot)
    this.acknowledged.delete(bot.bot)
    if (this.elsewhere.delete(bot.bot)) return // guard: left-bot-elsewhere
    const leftMs = this.time.nowMs()
    if (bot.revision === 0 && leftMs - Date.parse(bot.since) < FIRST_ACKNOWLEDGEMENT_MS) return
    this.departed.set(bot.bot, { bot, leftMs, returned, checks: this.checksNow() })
    const [oldest] = this.departed.keys()
    if (this.departed.size > MAX_LEFT_BOTS && oldest !== undefined) this.departed.delete(oldest)
  }

  /** Returns the rows that the next exchange writes and deletes, if any. `own`: the connected bots of this instance. */
  pendingChanges(own: (bot: string) => BotPresence | undefined): LeftBotsChanges | undefined {
    if (this.departed.size === 0 && this.acknowledged.size === 0) return undefined
    const departures = [...this.departed.values()].slice(0, MAX_PER_EXCHANGE)
    const judged = departures.map((departure) => ({ ...departure, row: rowOf(departure) }))
    const acknowledged = [...this.acknowledged].slice(0, MAX_PER_EXCHANGE)
    const [checks, nowMs] = [this.checksNow(), this.time.nowMs()]
    const isCurrentNow = (name: string): boolean => {
      const bot = own(name)
      return bot !== undefined && bot.revision > 0 && checks.every(({ passes }) => passes(bot, nowMs))
    }
    const leftCurrent = judged.filter(({ row, returned, bot }) => returned && row === undefined && bot.revision > 0)
    const current = [...leftCurrent.map(({ bot }) => bot.bot), ...acknowledged.filter(isCurrentNow)]
    const currentBots = new Set(current)
    const rows = judged.flatMap(({ row }) => (row === undefined || currentBots.has(row.bot) ? [] : [row]))
    return { departures, acknowledged, rows, current }
  }

  /** Returns rows of an instance that last renewed at `renewedMs`. Skips policies stored later: its bots may have acknowledged them. */
  rowsOfDeadInstance(bots: readonly BotPresence[], renewedMs: number): LeftBot[] {
    const policies = this.copy.policies().map((id) => ({ id, documents: this.copy.documentsOf(id) }))
    const known = policies.filter(({ documents }) => documents.every(({ storedAt }) => storedAt <= renewedMs))
    const checks = policyChecks(known)
    return bots.flatMap((bot) => rowOf({ bot, leftMs: renewedMs, checks }) ?? [])
  }

  /** Writes `rows` and deletes those of `current`, under the exchange's lock. `isElsewhere`: another live instance has the bot. */
  async write(
    tx: Transaction,
    { rows, current }: Pick<LeftBotsChanges, 'rows' | 'current'>,
    isElsewhere: (bot: string) => boolean,
  ): Promise<void> {
    const table = tx.documents(LEFT_BOTS)
    for (const { bot } of current.length === 0 ? [] : await table.find({ where: { id: current } })) await table.delete(bot)
    const left = rows.filter(({ bot }) => !isElsewhere(bot))
    for (const row of left) await table.put(row)
    const excess = left.length === 0 ? 0 : (await table.count()) - MAX_LEFT_BOTS
    if (excess > 0) for (const { bot } of await table.find({ orderBy: 'left_at', limit: excess })) await table.delete(bot)
    tx.afterCommit(() => this.sharedList.invalidate())
  }

  /** Forgets pending changes that are written, or that can never be. Returns whether other changes are waiting. */
  removeWritten({ departures, acknowledged, current }: LeftBotsChanges): boolean {
    for (const departure of departures) if (this.departed.get(departure.bot.bot) === departure) this.departed.delete(departure.bot.bot)
    for (const bot of acknowledged) this.acknowledged.delete(bot)
    for (const bot of current) this.returning.delete(bot)
    return this.departed.size > 0 || this.acknowledged.size > 0
  }

  /** Returns the rows of the last seven days, one per bot. */
  async list(): Promise<LeftBot[]> {
    const oldest = new Date(this.time.nowMs() - LEFT_BOTS_MS).toISOString()
    return (await this.sharedList.get()).filter(({ leftAt }) => leftAt > oldest)
  }

  private checksNow(): readonly PolicyCheck[] {
    return (this.checks ??= policyChecks(this.copy.policies().map((id) => ({ id, documents: this.copy.documentsOf(id) }))))
  }
}

/** Returns the row of a bot that was behind when it left; `undefined` if it was current. Pure. */
function rowOf({ bot, leftMs, checks }: Omit<Departure, 'returned'>): LeftBot | undefined {
  const failed = checks.filter(({ passes }) => !passes(bot, leftMs))
  if (failed.length === 0) return undefined
  const named = failed
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

/** Returns the bots that were behind in one policy, the latest departure first. Pure. */
export function leftOf(policy: string, rows: readonly LeftBot[]): LeftBotView[] {
  return rows
    .flatMap(({ bot: id, region, revision, since, leftAt, behind }) => {
      const lag = behind.find((each) => each.policy === policy)
      return lag === undefined ? [] : [{ id, region, revision, since, leftAt, digest: lag.digest, version: null }]
    })
    .sort((a, b) => (a.leftAt > b.leftAt ? -1 : 1))
}
