import type { JsonText, OfrepBulk, OfrepFlag, OfrepRequest } from '#libs/contracts'
import { answerFlag, answerFlags, eventStream, readContext, type EvaluationAnswer, type OwnStream } from '#libs/ofrep'
import { Authorizer, RequireScope, ServiceRuntime, TakesBody, type AuthorizedRequest } from '#libs/service'
import { Body, Controller, Headers, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common'
import type { FastifyReply } from 'fastify'
import { parseRevision } from '../copy/prepared-frame.js'
import { parseAtLeast } from '../reads/at-least.js'
import { StoreMetrics } from '../store-metrics.js'
import { Flags } from './flags.js'

/**
 * The two evaluations of OFREP 0.3.0, for readers in any language. They get values and acknowledge nothing: coverage does not count them.
 */
@Controller('ofrep/v1/evaluate/flags')
export class EvaluateController {
  private readonly metrics: StoreMetrics

  constructor(
    runtime: ServiceRuntime,
    private readonly flags: Flags,
    private readonly access: Authorizer,
  ) {
    this.metrics = new StoreMetrics(runtime.metrics)
  }

  /** All flags of one context: each policy, and each of its fields. */
  @Post()
  @HttpCode(200)
  @TakesBody({ kept: false })
  @RequireScope('values')
  async all(
    @Req() { actor }: AuthorizedRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Body() body: OfrepRequest,
    @Query('flagConfigEtag') heard?: string,
    @Headers('if-none-match') known?: string,
    @Headers('if-revision-at-least') atLeast?: string,
  ): Promise<JsonText<OfrepBulk> | undefined> {
    const reader = readContext(body)
    await this.flags.reach(parseRevision(heard), parseAtLeast(atLeast))
    this.metrics.reads.inc({ source: 'ofrep-bulk' })
    return this.send(reply, answerFlags(this.flags.book, reader, known, this.streamOf(actor)))
  }

  /** One flag: `ID` is the whole policy as an object, `ID.FIELD` that field with its type. */
  @Post(':key')
  @HttpCode(200)
  @TakesBody({ kept: false })
  @RequireScope('values')
  async one(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('key') key: string,
    @Body() body: OfrepRequest,
    @Headers('if-none-match') known?: string,
    @Headers('if-revision-at-least') atLeast?: string,
  ): Promise<JsonText<OfrepFlag> | undefined> {
    const reader = readContext(body)
    await this.flags.reach(undefined, parseAtLeast(atLeast))
    this.metrics.reads.inc({ source: 'ofrep' })
    return this.send(reply, answerFlag(this.flags.book, key, reader, known))
  }

  /** None for who signs each request: an address cannot. */
  private streamOf(actor: AuthorizedRequest['actor']): OwnStream | undefined {
    if (actor === undefined) return { stream: eventStream() }
    const key = actor.kind === 'token' ? this.access.tokens.streamKey(actor.id) : undefined
    return key === undefined ? undefined : { stream: eventStream(key), owner: actor.id }
  }

  private send(reply: FastifyReply, { status, etag, body }: EvaluationAnswer): JsonText<never> | undefined {
    void reply.status(status).header('etag', etag).header('cache-control', 'no-store').header('hms-revision', String(this.flags.revision))
    if (body !== undefined) void reply.header('content-type', 'application/json; charset=utf-8')
    return body as JsonText<never> | undefined
  }
}
