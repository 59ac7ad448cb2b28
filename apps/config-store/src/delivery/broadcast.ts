import { HEARTBEAT_MS, type Envelope } from '#libs/contracts'
import { describeError, Repeat } from '#libs/platform'
import { ServiceRuntime } from '#libs/service'
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common'
import { StoreMetrics } from '../store-metrics.js'
import { Freshness } from '../heads/freshness.js'
import { DocumentCopy } from '../copy/document-copy.js'
import { FanOut, type Receiver } from './fan-out.js'
import { PreparedFrame } from '../copy/prepared-frame.js'
import { comeBackAfterMs } from './goodbye.js'

/** The safety net for a signal that was lost with its session. */
const LOOK_MS = 10_000
/** What a reader may leave unread: more would have us keep every frame for it. It is closed, and resumes or starts from a snapshot. */
export const MAX_UNREAD_BYTES = 1024 * 1024

export interface Follower extends Receiver {
  readonly kind: 'stream' | 'events'
  /** `goodbye`: the last frame. */
  end(goodbye: PreparedFrame): void
}

/** Every open push connection of this instance, whatever its protocol: each gets each change, and a heartbeat every two seconds. */
@Injectable()
export class Broadcast implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly fanOut = new FanOut<Follower>()
  private readonly counts = { stream: 0, events: 0 }
  private readonly heartbeats: Repeat
  private readonly looks: Repeat
  /** The statement that all followers have heard. */
  private told: Envelope | undefined
  private readonly metrics: StoreMetrics

  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly copy: DocumentCopy,
    private readonly freshness: Freshness,
  ) {
    this.metrics = new StoreMetrics(runtime.metrics)
    this.heartbeats = new Repeat(runtime.clock, {
      everyMs: HEARTBEAT_MS,
      run: () => this.beat(),
      failed: (error) => runtime.log.error({ error: describeError(error) }, 'a heartbeat could not be sent'),
    })
    this.looks = new Repeat(runtime.clock, { everyMs: LOOK_MS, run: () => this.copy.refreshSoon(), failed: () => {} })
    copy.onChange((frame) => this.push(frame))
    freshness.onStatement((_statement, isNews) => {
      if (isNews) this.beat()
    })
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.copy.reach()
    this.freshness.headsPushed(this.copy.stableDigest())
    this.heartbeats.start()
    this.looks.start()
  }

  add(follower: Follower): void {
    const { current } = this.freshness
    if (current !== undefined) follower.send(PreparedFrame.heartbeat(this.copy.revision, current))
    this.fanOut.add(follower)
    this.count(follower, 1)
  }

  remove(follower: Follower): void {
    if (this.fanOut.delete(follower)) this.count(follower, -1)
  }

  /** Before the HTTP server closes: it waits for every connection, and these would never end by themselves. */
  beforeApplicationShutdown(): void {
    void this.heartbeats.stop()
    void this.looks.stop()
    const followers = this.fanOut.all()
    for (const follower of followers) follower.end(PreparedFrame.goodbye(this.copy.revision, comeBackAfterMs(followers.length)))
  }

  private count({ kind }: Follower, change: 1 | -1): void {
    this.counts[kind] += change
    this.metrics.connections.set({ transport: kind }, this.counts[kind])
  }

  private push(change: PreparedFrame): void {
    const statement = this.freshness.headsPushed(this.copy.stableDigest())
    this.told = statement ?? this.told
    this.fanOut.broadcast(change.with(statement))
  }

  /** One frame for all. It brings a statement once: who joins later gets it at once. */
  private beat(): void {
    const { current } = this.freshness
    this.fanOut.broadcast(PreparedFrame.heartbeat(this.copy.revision, current === this.told ? undefined : current))
    this.told = current
  }
}
