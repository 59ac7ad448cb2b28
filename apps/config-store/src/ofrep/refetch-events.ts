import { ChangeWatch, RefetchFeed } from '#libs/ofrep'
import { ServiceRuntime } from '#libs/service'
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common'
import { randomUUID } from 'node:crypto'
import { DocumentCopy } from '../copy/document-copy.js'
import { Presence } from '../coverage/presence.js'
import { StoreMetrics } from '../store-metrics.js'
import { Flags } from './flags.js'

/** Tells readers of OFREP to ask again, once this instance's copy holds what they would get. */
@Injectable()
export class RefetchEvents implements BeforeApplicationShutdown {
  readonly feed: RefetchFeed
  private readonly watch: ChangeWatch

  constructor(runtime: ServiceRuntime, copy: DocumentCopy, { held }: Flags, presence: Presence) {
    const metrics = new StoreMetrics(runtime.metrics)
    const counted = (readers: number, change: 1 | -1): void => {
      metrics.connections.set({ transport: 'ofrep' }, readers)
      presence.seen('ofrep', undefined, change)
    }
    this.feed = new RefetchFeed({ clock: runtime.clock, life: randomUUID(), counted })
    // The revision comes back with the question, so that an instance that is behind catches up before it answers.
    this.watch = new ChangeWatch(held, runtime.clock, () => this.feed.tell(String(copy.revision)))
    copy.onChange(({ frame: { frame } }) => this.watch.look(frame.changes.map(({ id }) => id)))
  }

  /** Before the HTTP server closes: it waits for every connection, and these would never end by themselves. */
  beforeApplicationShutdown(): void {
    this.watch.stop()
    this.feed.close()
  }
}
