import { ChangeWatch } from '#libs/evaluation'
import { EVENT_HEADERS, RefetchFeed } from '#libs/ofrep'
import { Clock, requireConnection } from '#libs/platform'
import { RequireScope } from '#libs/service'
import { type BeforeApplicationShutdown, Controller, Get, Headers, Injectable, Query, Req, Res } from '@nestjs/common'
import type { FastifyReply, FastifyRequest } from 'fastify'
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

  constructor(clock: Clock, metrics: StoreMetrics, copy: DocumentCopy, { held }: Flags, presence: Presence) {
    const onReaders = (readers: number, change: 1 | -1): void => {
      metrics.connections.set({ transport: 'ofrep' }, readers)
      presence.countReader('ofrep', undefined, change)
    }
    this.feed = new RefetchFeed({ clock, life: randomUUID(), counted: onReaders })
    // The reader sends the notified revision with its request, so an instance that is behind catches up before it responds.
    this.watch = new ChangeWatch(held, clock, () => this.feed.notify(String(copy.revision)))
    copy.onChange(({ frame: { frame } }) => this.watch.check(frame.changes.map(({ id }) => id)))
  }

  /** Runs before the HTTP server closes: the server waits for every connection, and these never end on their own. */
  beforeApplicationShutdown(): void {
    this.watch.stop()
    this.feed.close()
  }
}

/**
 * `GET /ofrep/v1/events`: Server-Sent Events of OFREP. Responds 200 at once, even before the copy is loaded, because an EventSource does
 * not reconnect after another status. Readers are notified once there is something to fetch.
 */
@Controller('ofrep/v1/events')
export class RefetchEventsController {
  constructor(private readonly events: RefetchEvents) {}

  /**
   * Streams refetch notifications. `key`: stream key from a bulk evaluation, for browsers, whose EventSource cannot send an Authorization
   * header. The authorization guard checks the key.
   */
  @Get()
  @RequireScope('notices')
  follow(
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
    @Query('key') _key?: string,
    @Headers('last-event-id') lastId?: string,
  ): void {
    const { raw } = reply
    requireConnection(raw)
    reply.hijack()
    raw.on('error', () => raw.destroy())
    if (request.method === 'HEAD') return void raw.writeHead(200, EVENT_HEADERS).end()
    this.events.feed.follow(raw, lastId)
  }
}
