import { ChangeWatch, RefetchFeed } from '#libs/ofrep'
import { Clock, Metrics } from '#libs/platform'
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common'
import { randomUUID } from 'node:crypto'
import { DocumentCopy } from '../copy/document-copy.js'
import { Presence } from '../coverage/presence.js'
import { StoreMetrics } from '../store-metrics.js'
import { Flags } from './flags.js'

/** Notifies readers of OFREP to refetch, once this instance's copy has the new values. */
@Injectable()
export class RefetchEvents implements BeforeApplicationShutdown {
  readonly feed: RefetchFeed
  private readonly watch: ChangeWatch

  constructor(clock: Clock, registry: Metrics, copy: DocumentCopy, { held }: Flags, presence: Presence) {
    const metrics = new StoreMetrics(registry)
    const counted = (readers: number, change: 1 | -1): void => {
      metrics.connections.set({ transport: 'ofrep' }, readers)
      presence.seen('ofrep', undefined, change)
    }
    this.feed = new RefetchFeed({ clock, life: randomUUID(), counted })
    // The reader sends the revision with its request, so an instance that is behind catches up before it responds.
    this.watch = new ChangeWatch(held, clock, () => this.feed.tell(String(copy.revision)))
    copy.onChange(({ frame: { frame } }) => this.watch.look(frame.changes.map(({ id }) => id)))
  }

  /** Runs before the HTTP server closes: the server waits for every connection, and these never end on their own. */
  beforeApplicationShutdown(): void {
    this.watch.stop()
    this.feed.close()
  }
}
