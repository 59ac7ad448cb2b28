import { HEARTBEAT_MS, type Envelope } from '#libs/contracts'
import { Clock, describeError, Logger, PeriodicTask } from '#libs/platform'
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common'
import { StoreMetrics } from '../store-metrics.js'
import { Presence } from '../coverage/presence.js'
import { Freshness } from '../heads/freshness.js'
import { DocumentCopy } from '../copy/document-copy.js'
import { FanOut, oncePerSubset, type Receiver, type Statement, SubsetFreshness } from './fan-out.js'
import { PreparedFrame } from '../copy/prepared-frame.js'
import type { StoredChange } from '../copy/changes.js'

/** Polling interval in ms: the safety net for a signal lost with its session. */
const REFRESH_MS = 10_000
/** Limit of unread bytes, which stay in memory. Above the limit the connection closes; the reader resumes or starts over. */
export const MAX_UNREAD_BYTES = 1024 * 1024

export interface Follower extends Receiver {
  readonly kind: 'stream' | 'events'
  /** Whether the reader is a named bot, which is counted by its acknowledgements. */
  readonly named?: boolean
  end(goodbye: PreparedFrame): void
}

/** All open push connections of this instance, of any protocol: each gets every change, and a heartbeat every two seconds. */
@Injectable()
export class Broadcast implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly fanOut = new FanOut<Follower>()
  private readonly subsetFreshness = new SubsetFreshness()
  private readonly counts = { stream: 0, events: 0 }
  private readonly heartbeats = new PeriodicTask(this.clock, {
    everyMs: HEARTBEAT_MS,
    run: () => this.sendHeartbeat(),
    failed: (error) => this.log.error({ error: describeError(error) }, 'a heartbeat could not be sent'),
  })
  private readonly refreshes = new PeriodicTask(this.clock, { everyMs: REFRESH_MS, run: () => this.copy.refreshSoon(), failed: () => {} })
  /** Newest statement that all followers have received. */
  private sentStatement: Envelope | undefined

  constructor(
    private readonly clock: Clock,
    private readonly log: Logger,
    private readonly metrics: StoreMetrics,
    private readonly copy: DocumentCopy,
    private readonly freshness: Freshness,
    private readonly presence: Presence,
  ) {
    copy.onChange((change) => this.push(change))
    copy.onTimePassed((change) => {
      this.fanOut.broadcast(
        change.frame,
        oncePerSubset((subset) => change.partOf(subset)),
      )
    })
    freshness.onStatement((_statement, isNews) => {
      if (isNews) this.sendHeartbeat()
    })
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.copy.waitForRevision()
    this.freshness.headsPushed(this.copy.stableHeads().digest)
    this.heartbeats.start()
    this.refreshes.start()
  }

  add(follower: Follower): void {
    const { subset } = follower
    const statement = this.statement()
    const heartbeat = PreparedFrame.heartbeat(this.copy.revision)
    const first =
      subset === undefined ? heartbeat.withFreshness(statement?.envelope) : this.subsetFreshness.join(subset, heartbeat, statement)
    if (statement !== undefined) follower.send(first)
    this.fanOut.add(follower)
    this.count(follower, 1)
  }

  remove(follower: Follower): void {
    if (!this.fanOut.delete(follower)) return
    if (follower.subset !== undefined) this.subsetFreshness.leave(follower.subset)
    this.count(follower, -1)
  }

  /** Runs before the HTTP server closes: the server waits for every connection, and these never end on their own. */
  beforeApplicationShutdown(): void {
    void this.heartbeats.stop()
    void this.refreshes.stop()
    const followers = this.fanOut.all()
    for (const follower of followers) follower.end(PreparedFrame.goodbye(this.copy.revision, retryAfterMs(followers.length)))
  }

  /** Returns the publishable statement, with proofs for readers of a few policies if this instance has the heads it covers. */
  private statement(): Statement | undefined {
    const { current } = this.freshness
    if (current === undefined) return undefined
    const heads = this.copy.stableHeads()
    return { envelope: current.envelope, ...(heads.digest === current.predicate.stable ? { heads } : {}) }
  }

  private count({ kind, named, subset }: Follower, change: 1 | -1): void {
    if (named !== true) this.presence.countReader(kind, subset, change)
    this.counts[kind] += change
    this.metrics.connections.set({ transport: kind }, this.counts[kind])
  }

  private push(change: StoredChange): void {
    const isCovered = this.freshness.headsPushed(this.copy.stableHeads().digest) !== undefined
    const statement = isCovered ? this.statement() : undefined
    this.sentStatement = statement?.envelope ?? this.sentStatement
    this.fanOut.broadcast(
      change.frame.withFreshness(statement?.envelope),
      oncePerSubset((subset) => {
        const part = change.partOf(subset)
        return part && this.subsetFreshness.with(subset, part, statement)
      }),
    )
  }

  /** Sends a heartbeat to readers of all policies, and one per subset to others. Each statement is sent once, and to readers that join. */
  private sendHeartbeat(): void {
    this.copy.applyTime()
    const statement = this.statement()
    const heartbeat = PreparedFrame.heartbeat(this.copy.revision)
    this.fanOut.broadcast(
      heartbeat.withFreshness(statement?.envelope === this.sentStatement ? undefined : statement?.envelope),
      oncePerSubset((subset) => this.subsetFreshness.with(subset, heartbeat, statement)),
    )
    this.sentStatement = statement?.envelope
  }
}

/** Number of resuming readers that an instance can accept per second. */
const READERS_PER_SECOND = 2_000
/** Maximum wait in ms, well below the silence after which a reader becomes STALE: most find another instance before that. */
const MAX_RETRY_MS = 4_000
const MIN_RETRY_MS = 500

/** Returns a random wait in ms before a reader reconnects, when `readers` are disconnected at once. */
export function retryAfterMs(readers: number, random: () => number = Math.random): number {
  const spreadMs = Math.min(Math.max((readers / READERS_PER_SECOND) * 1_000, MIN_RETRY_MS), MAX_RETRY_MS)
  return Math.floor(random() * spreadMs)
}
