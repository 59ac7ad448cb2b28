import { HmsError, type JsonText, type PastPolicyView, type PolicyView, type StreamFrame } from '#libs/contracts'
import { isKnown } from '#libs/platform'
import { RequireScope, ServiceRuntime } from '#libs/service'
import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common'
import type { FastifyReply } from 'fastify'
import { createHash } from 'node:crypto'
import { DocumentCopy } from '../copy/document-copy.js'
import { policyAt, policyVersion } from '../history/policy-at.js'
import { StoreMetrics } from '../store-metrics.js'
import { StoreTime } from '../store-time.js'
import type { PreparedAnswer } from '../copy/held-stored.js'
import { PolicyQueryDto, ReaderQueryDto } from './reader-query.dto.js'

/** Reads answer from this instance's copy, with texts made when a revision came: no query, no serialisation. */
@Controller('v1')
export class PoliciesController {
  private readonly metrics: StoreMetrics

  constructor(
    private readonly runtime: ServiceRuntime,
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
    return send(reply, etagOf(answers.map((answer) => answer.etag).join()), known, () => `[${answers.map(({ json }) => json).join(',')}]`)
  }

  /**
   * The version in force for this reader: its canary's, where one covers it, else the stable one. With `at`, `known` or `version` what was
   * in force for all, with the signed head and releases that prove it.
   */
  @Get('policies/:id')
  @RequireScope('values')
  async show(
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Query() query: PolicyQueryDto,
    @Headers('if-none-match') known?: string,
  ): Promise<JsonText<PolicyView | PastPolicyView> | undefined> {
    if (query.at !== undefined || query.known !== undefined || query.version !== undefined) {
      const json = JSON.stringify(await this.past(id, query))
      return send(reply, etagOf(json), known, () => json)
    }
    await this.copy.reach()
    this.metrics.reads.inc({ source: 'policy' })
    const answer = this.answer(id, query)
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

  private past(id: string, { at, known, version, bot, region }: PolicyQueryDto): Promise<PastPolicyView> {
    if (bot !== undefined || region !== undefined) throw refusedQuery('history knows what was in force for all: leave out bot and region')
    if (version !== undefined && (at !== undefined || known !== undefined))
      throw refusedQuery('a version says the same at any time: leave out at and known')
    this.metrics.reads.inc({ source: 'history' })
    return this.runtime.database.transaction((tx) => {
      if (version !== undefined) return policyVersion(tx, id, version)
      const [atMs, knownMs] = [at, known].map((time) => (time === undefined ? tx.now.getTime() : Date.parse(time)))
      return policyAt(tx, id, { atMs: atMs!, knownMs: knownMs! })
    })
  }

  private answer(id: string, reader: ReaderQueryDto): PreparedAnswer | null {
    return this.copy.inForce(id, reader, this.time.nowMs())?.held.answer ?? null
  }
}

function refusedQuery(detail: string): HmsError {
  return new HmsError('HMS_HTTP_QUERY_INVALID', `${detail}.`, { status: 400 })
}

function etagOf(text: string): string {
  return `"${createHash('sha256').update(text).digest('hex').slice(0, 32)}"`
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
