import { HmsError, type JsonText, type PolicyView, type StreamFrame } from '#libs/contracts'
import { isKnown } from '#libs/platform'
import { RequireScope, ServiceRuntime } from '#libs/service'
import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common'
import type { FastifyReply } from 'fastify'
import { createHash } from 'node:crypto'
import { DocumentCopy } from '../copy/document-copy.js'
import { StoreMetrics } from '../store-metrics.js'
import { StoreTime } from '../store-time.js'
import type { PreparedAnswer } from '../copy/held-stored.js'
import { ReaderQueryDto } from './reader-query.dto.js'

/** Reads answer from this instance's copy, with texts made when a revision came: no query, no serialisation. */
@Controller('v1')
export class PoliciesController {
  private readonly metrics: StoreMetrics

  constructor(
    runtime: ServiceRuntime,
    private readonly time: StoreTime,
    private readonly copy: DocumentCopy,
  ) {
    this.metrics = new StoreMetrics(runtime.metrics)
  }

  /** What is in force for this reader, all policies. */
  @Get('policies')
  @RequireScope('values')
  async list(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Query() reader: ReaderQueryDto,
    @Headers('if-none-match') known?: string,
  ): Promise<JsonText<PolicyView[]> | undefined> {
    await this.copy.reach()
    this.metrics.reads.inc({ source: 'list' })
    const answers = this.copy
      .policies()
      .sort()
      .flatMap((id) => this.answer(id, reader) ?? [])
    const etag = `"${createHash('sha256')
      .update(answers.map((answer) => answer.etag).join())
      .digest('hex')
      .slice(0, 32)}"`
    return send(reply, etag, known, () => `[${answers.map(({ json }) => json).join(',')}]`)
  }

  /** The version in force for this reader: its canary's, where one covers it, else the stable one. */
  @Get('policies/:id')
  @RequireScope('values')
  async show(
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Query() reader: ReaderQueryDto,
    @Headers('if-none-match') known?: string,
  ): Promise<JsonText<PolicyView> | undefined> {
    await this.copy.reach()
    this.metrics.reads.inc({ source: 'policy' })
    const answer = this.answer(id, reader)
    if (answer === null) {
      const next = ['hms-svc approve FILE --sign NAME']
      throw new HmsError('HMS_POLICY_NOT_FOUND', `No policy ${id} is in force.`, { status: 404, next })
    }
    return send(reply, answer.etag, known, () => answer.json)
  }

  /** Everything, as the first frame of the stream. */
  @Get('snapshot')
  @RequireScope('values')
  async snapshot(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Query() _reader: ReaderQueryDto,
    @Headers('if-none-match') known?: string,
  ): Promise<JsonText<StreamFrame, Buffer> | undefined> {
    await this.copy.reach()
    this.metrics.reads.inc({ source: 'snapshot' })
    return send(reply, `"${this.copy.revision}"`, known, () => this.copy.frameFor().message)
  }

  private answer(id: string, reader: ReaderQueryDto): PreparedAnswer | null {
    return this.copy.inForce(id, reader, this.time.nowMs())?.held.answer ?? null
  }
}

function send<T extends string | Buffer>(
  reply: FastifyReply,
  etag: string,
  known: string | undefined,
  body: () => T,
): JsonText<never, T> | undefined {
  void reply.header('etag', etag)
  if (isKnown(etag, known)) {
    void reply.status(304)
    return undefined
  }
  void reply.header('content-type', 'application/json; charset=utf-8')
  return body() as JsonText<never, T>
}
