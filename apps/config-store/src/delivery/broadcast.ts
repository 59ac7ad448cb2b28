import { describeError, Repeat } from '#libs/platform'
import { ServiceRuntime } from '#libs/service'
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common'
import { StoreMetrics } from '../store-metrics.js'
import { Freshness } from '../heads/freshness.js'
import { DocumentCopy } from '../copy/document-copy.js'
import { FanOut, type Receiver } from './fan-out.js'
import { PreparedFrame } from '../copy/prepared-frame.js'

const HEARTBEAT_MS = 10_000
/** What a reader may leave unread: more would have us keep every frame for it. It is closed, and resumes or starts from a snapshot. */
export const MAX_UNREAD_BYTES = 1024 * 1024

export interface Follower extends Receiver {
  readonly kind: 'stream' | 'events'
  end(): void
}

/** Every open push connection of this instance, whatever its protocol: each gets each change, and a heartbeat every ten seconds. */
@Injectable()
export class Broadcast implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly fanOut = new FanOut<Follower>()
  private readonly counts = { stream: 0, events: 0 }
  private readonly heartbeats: Repeat
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
    copy.onChange((frame) => this.fanOut.broadcast(frame.with(this.freshness.headsPushed(copy.stableDigest()))))
    freshness.onStatement((_statement, isNews) => {
      if (isNews) this.fanOut.broadcast(this.heartbeat())
    })
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.copy.reach()
    this.freshness.headsPushed(this.copy.stableDigest())
    this.heartbeats.start()
  }

  add(follower: Follower): void {
    if (this.freshness.current !== undefined) follower.send(this.heartbeat())
    this.fanOut.add(follower)
    this.count(follower, 1)
  }

  remove(follower: Follower): void {
    if (this.fanOut.delete(follower)) this.count(follower, -1)
  }

  /** Before the HTTP server closes: it waits for every connection, and these would never end by themselves. */
  beforeApplicationShutdown(): void {
    void this.heartbeats.stop()
    for (const follower of this.fanOut.all()) follower.end()
  }

  private heartbeat(): PreparedFrame {
    return PreparedFrame.heartbeat(this.copy.revision, this.freshness.current)
  }

  private count({ kind }: Follower, change: 1 | -1): void {
    this.counts[kind] += change
    this.metrics.connections.set({ transport: kind }, this.counts[kind])
  }

  private beat(): void {
    this.fanOut.broadcast(this.heartbeat())
    // The safety net for a signal that was lost with its session.
    this.copy.refreshSoon()
  }
}
