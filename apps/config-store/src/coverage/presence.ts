import type { AppliedFrame, Audience, SeenReaders } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { Clock, describeError, FailureStreak, Logger, PeriodicTask } from '#libs/platform'
import { Signals } from '#libs/service'
import type { HeadPredicate } from '#libs/signing'
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common'
import { createHash } from 'node:crypto'
import { StoreMetrics } from '../store-metrics.js'
import { StoreTime } from '../store-time.js'
import { audienceOf, type BotPresence } from './coverage.js'
import { LeftBots } from './left-bots.js'
import { newerOf, OwnBots, type OwnBot } from './own-bots.js'
import { PresenceExchange } from './presence-exchange.js'
import { ReaderCounts, type CountedReaders } from './seen-readers.js'
import type { Subset } from '../copy/stable-heads.js'
import type { LeftBot } from './presence.table.js'

/** Delay of a flush in ms: four writes a second at most, so a fleet that acknowledges at once does not cost a write per bot. */
const FLUSH_MS = 250
/** Renewal interval in ms, well within the lease: two renewals may fail. */
const RENEW_MS = 5_000
/** Delay of watchers in ms: a watcher checks all bots, so it is called once for a burst, not once for each bot. */
const WATCH_DELAY_MS = 10
/** Number of rows for the bots of an instance: a flush writes only those that changed. */
const CHUNKS = 16

/**
 * Bots connected to this instance, and those reported by other instances. A bot with two sockets counts once: on the same instance by the
 * socket that joined last, on two instances by the newer report.
 */
@Injectable()
export class Presence implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly exchange = new PresenceExchange(this.database, this.leftBots, (bot) => this.ownBots.get(bot) !== undefined)
  private readonly failures = new FailureStreak((inARow, alarm, error) => {
    this.metrics.presenceFailures.set({ what: 'presence' }, inARow)
    if (alarm) this.log.error({ inARow, error: describeError(error) }, 'presence cannot be exchanged with the other instances')
  })
  private readonly ownBots = new OwnBots()
  private others = new Map<string, BotPresence>()
  private readonly counts = new ReaderCounts()
  private otherCounts: CountedReaders[] = []
  private readonly dirty = new Set<number>()
  private readonly listeners = new Set<() => void>()
  private readonly watchers = new Set<() => void>()
  private readonly appliedListeners = new Set<(before: number, revision: number) => void>()
  /** Periodic exchange, which also detects dead instances and canaries whose lease has expired. */
  private readonly exchanges = new PeriodicTask(this.clock, {
    everyMs: RENEW_MS,
    run: () => this.exchangeAll(),
    failed: (error) => this.log.error({ error: describeError(error) }, 'presence could not be exchanged'),
  })
  private cancelNotification: (() => void) | undefined
  private stopped = false

  constructor(
    private readonly database: Database,
    private readonly signals: Signals,
    private readonly clock: Clock,
    private readonly log: Logger,
    private readonly metrics: StoreMetrics,
    private readonly time: StoreTime,
    private readonly leftBots: LeftBots,
  ) {}

  onModuleInit(): void {
    // Each instance also receives its own signal, which costs one more exchange without changes.
    this.signals.on('presence', () => this.exchangeSoon())
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.exchangeAll()
    this.exchanges.start()
  }

  /** Registers a listener called after each exchange with the other instances: at most four times a second, at least every five seconds. */
  onChange(listener: () => void): void {
    this.listeners.add(listener)
  }

  /** Registers a watcher called soon after any change, until the returned function is called; for callers that wait for the bots. */
  onChangeSoon(watcher: () => void): () => void {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  addSocket(reader: Pick<BotPresence, 'bot' | 'region' | 'policies'>, socket: unknown): void {
    this.leftBots.onJoined(reader.bot)
    const since = this.now()
    // A bot that already has a socket, here or at another instance, keeps its first join time.
    const joinedAt = this.find(reader.bot)?.joinedAt ?? since
    const chunk = createHash('sha256').update(reader.bot).digest().readUInt16BE(0) % CHUNKS
    this.put({ ...reader, revision: 0, applied: {}, since, joinedAt, socket, chunk })
  }

  recordApplied(bot: string, socket: unknown, { revision, applied, held, cohortKey }: AppliedFrame): void {
    const known = this.ownBots.entryOf(bot, socket)
    if (known === undefined) return
    this.leftBots.onApplied(bot)
    const isCounted = this.put({ ...known, revision, applied, held, cohortKey, since: this.now(), refused: false })
    if (isCounted) for (const listener of this.appliedListeners) listener(known.revision, revision)
  }

  removeSocket(bot: string, socket: unknown): void {
    const counted = this.ownBots.delete(bot, socket)
    if (counted === undefined) return
    if (this.ownBots.get(bot) === undefined && counted.refused !== true) this.leftBots.onLeft(counted)
    this.markChanged(counted.chunk)
  }

  /** Registers a listener called when a bot of this instance acknowledges, with its previous and its new revision. */
  onApplied(listener: (before: number, revision: number) => void): void {
    this.appliedListeners.add(listener)
  }

  /** Returns the named bots connected to this instance. */
  own(): Iterable<BotPresence> {
    return this.ownBots.all()
  }

  /** Yields every connected, named bot once. */
  *bots(): Iterable<BotPresence> {
    for (const bot of this.ownBots.all()) yield newerOf(bot, this.others.get(bot.bot))
    for (const bot of this.others.values()) if (this.ownBots.get(bot.bot) === undefined) yield bot
  }

  /** Counts a reader without a bot's name that joined or left. */
  countReader(kind: keyof SeenReaders, subset: Subset | undefined, change: 1 | -1): void {
    this.counts.count(kind, subset, change)
  }

  /** Returns the counts of readers without a bot's name, per instance: of other instances, the counts last exchanged. */
  readers(): CountedReaders[] {
    return [this.counts.counted(), ...this.otherCounts]
  }

  find(bot: string): BotPresence | undefined {
    const [own, other] = [this.ownBots.get(bot), this.others.get(bot)]
    return own === undefined ? other : newerOf(own, other)
  }

  /** Returns the bots that left while behind and are not connected. */
  async leftBehind(): Promise<LeftBot[]> {
    return (await this.leftBots.list()).filter(({ bot }) => this.find(bot) === undefined)
  }

  /** Counts the connected bots that the head applies to, over all instances. */
  audienceOf(head: HeadPredicate): Audience {
    return audienceOf(head, this.bots())
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true
    this.cancelNotification?.()
    await this.exchanges.stop()
    for (const bot of this.ownBots.all()) if (bot.refused !== true) this.leftBots.onLeft(bot)
    try {
      await this.exchange.leave(this.leftBots.pendingChanges(() => undefined))
      this.signals.send('presence')
    } catch (error) {
      this.log.debug({ error: describeError(error) }, 'presence could not be removed; its lease expires')
    }
  }

  private put(bot: OwnBot): boolean {
    const isCounted = this.ownBots.put(bot)
    if (isCounted) this.markChanged(bot.chunk)
    return isCounted
  }

  private markChanged(chunk: number): void {
    this.dirty.add(chunk)
    this.notifyWatchers()
    this.exchangeSoon()
  }

  private exchangeSoon(): void {
    this.exchanges.wake(FLUSH_MS)
  }

  /** Exchanges presence with the other instances. Changes made meanwhile go into the next exchange. */
  private async exchangeAll(): Promise<void> {
    const chunks = this.takeDirty()
    const left = this.leftBots.pendingChanges((bot) => this.ownBots.get(bot))
    try {
      const { others, readers, wasRemoved, refused } = await this.exchange.exchange(chunks, this.counts.counted(), left)
      this.markRefused(refused)
      if (left !== undefined && this.leftBots.removeWritten(left)) this.exchangeSoon()
      this.failures.succeeded()
      this.otherCounts = readers
      this.others = newestOf(others)
      for (const { bot, since } of this.others.values())
        if (since > (this.ownBots.get(bot)?.since ?? since)) this.leftBots.seenElsewhere(bot)
      if (wasRemoved) this.markUnsent([...this.ownBots.all()].map(({ chunk }) => chunk))
      if (chunks.size > 0) this.signals.send('presence')
    } catch (error) {
      this.markUnsent(chunks.keys())
      this.failures.failed(error)
      this.log.debug({ error: describeError(error) }, 'presence could not be exchanged; retrying')
    }
    for (const listener of this.listeners) listener()
    this.notifyWatchers()
  }

  private markRefused(refused: readonly string[]): void {
    for (const name of refused) {
      const bot = this.ownBots.get(name)
      if (bot !== undefined) this.ownBots.put({ ...bot, refused: true })
      this.metrics.presenceRefused.inc()
      this.log.error({ bot: name }, 'the database refused a bot; it is not reported to the other instances')
    }
  }

  private markUnsent(chunks: Iterable<number>): void {
    for (const chunk of chunks) this.dirty.add(chunk)
    this.exchangeSoon()
  }

  private takeDirty(): Map<number, BotPresence[]> {
    const chunks = new Map<number, BotPresence[]>([...this.dirty].map((chunk) => [chunk, []]))
    this.dirty.clear()
    if (chunks.size > 0)
      for (const { socket: _socket, chunk, refused, ...bot } of this.ownBots.all()) if (refused !== true) chunks.get(chunk)?.push(bot)
    return chunks
  }

  private notifyWatchers(): void {
    if (this.watchers.size === 0 || this.stopped) return
    this.cancelNotification ??= this.clock.after(WATCH_DELAY_MS, () => {
      this.cancelNotification = undefined
      for (const watcher of this.watchers) watcher()
    })
  }

  /** Returns the database's time, because reports of several instances are compared. */
  private now(): string {
    return new Date(this.time.nowMs()).toISOString()
  }
}

function newestOf(bots: readonly BotPresence[]): Map<string, BotPresence> {
  const newest = new Map<string, BotPresence>()
  for (const bot of bots) newest.set(bot.bot, newerOf(bot, newest.get(bot.bot)))
  return newest
}
