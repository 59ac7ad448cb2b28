import { requireConnection } from '#libs/platform'
import { RequireScope } from '#libs/service'
import { Controller, Get, Headers, Query, Req, Res } from '@nestjs/common'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { parseAtLeast, StreamQueryDto } from '../reads/reader-query.dto.js'
import { Broadcast, type Follower, MAX_UNREAD_BYTES } from './broadcast.js'
import { DocumentCopy } from '../copy/document-copy.js'
import { parseRevision, type PreparedFrame } from '../copy/prepared-frame.js'
import type { ServerResponse } from 'node:http'
import { Subset } from '../copy/stable-heads.js'

const HEADERS = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }

/** `GET /v1/events`: the stream as Server-Sent Events. Resumes after `Last-Event-ID`, or after `?revision=` for a first connection. */
@Controller('v1/events')
export class EventsController {
  constructor(
    private readonly copy: DocumentCopy,
    private readonly broadcast: Broadcast,
  ) {}

  /** Streams the policies in force, and each change, as Server-Sent Events. */
  @Get()
  @RequireScope('values')
  async follow(
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
    @Query() { revision, policies }: StreamQueryDto, // guard: query-names-http
    @Headers('last-event-id') lastId?: string,
    @Headers('if-revision-at-least') atLeast?: string,
  ): Promise<void> {
    const known = parseRevision(lastId) ?? revision
    await this.copy.requireRevision(parseAtLeast(atLeast))
    await this.copy.waitForRevision(known)
    const { raw } = reply
    requireConnection(raw)
    reply.hijack()
    raw.on('error', () => raw.destroy())
    raw.writeHead(200, HEADERS)
    if (request.method === 'HEAD') return void raw.end()
    const subset = Subset.of(policies)
    const follower = new EventFollower(raw, subset)
    raw.on('close', () => this.broadcast.remove(follower))
    follower.open(this.copy.frameFor(known, subset))
    this.broadcast.add(follower)
  }
}

/** Reader over Server-Sent Events. */
export class EventFollower implements Follower {
  readonly kind = 'events'
  private allowedBytes = MAX_UNREAD_BYTES

  constructor(
    private readonly response: ServerResponse,
    readonly subset?: Subset,
  ) {}

  /** Sends the first frame. It is as large as the store, and does not count as unread. */
  open(frame: PreparedFrame): void {
    this.allowedBytes += frame.serverSentEvent.length
    this.send(frame)
  }

  send(frame: PreparedFrame): void {
    if (!this.response.writable) return
    if (this.response.writableLength > this.allowedBytes) this.response.destroy()
    else this.response.write(frame.serverSentEvent)
  }

  end(goodbye: PreparedFrame): void {
    this.response.end(goodbye.serverSentEvent)
  }
}
