import { EVENT_HEADERS } from '#libs/ofrep'
import { requireConnection } from '#libs/platform'
import { RequireScope } from '#libs/service'
import { Controller, Get, Headers, Query, Req, Res } from '@nestjs/common'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { RefetchEvents } from './refetch-events.js'

/**
 * `GET /ofrep/v1/events`: Server-Sent Events of OFREP. Accepted at once, also while the copy is not read yet: browsers give up on anything
 * but 200, and are notified when there is something to fetch.
 */
@Controller('ofrep/v1/events')
export class RefetchEventsController {
  constructor(private readonly events: RefetchEvents) {}

  /** Says when to evaluate again. `key`: of the reader, as a bulk evaluation gave it, for browsers, which can send no header here. */
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
