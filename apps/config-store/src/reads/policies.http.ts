import {
  HmsError,
  NOT_BY_CALLER,
  UNVERIFIED_HEADER,
  VERIFICATION_HEADER,
  withoutInternalReason,
  type JsonText,
  type PastPolicyView,
  type PolicyView,
  type RestoredDocument,
  type StreamFrame,
} from '#libs/contracts'
import { Database } from '#libs/persistence'
import { acceptsGzip, isKnown } from '#libs/platform'
import { cutPage, Paged, RequireScope, Rosters, type AuthorizedRequest } from '#libs/service'
import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common'
import type { FastifyReply } from 'fastify'
import { createHash } from 'node:crypto'
import { DocumentCopy, policyNotFound } from '../copy/document-copy.js'
import { policyAt, policyVersion } from '../history/policy-at.js'
import { RestoreDocument } from '../state-check/restore-document.js'
import { StoreMetrics } from '../store-metrics.js'
import { StoreTime } from '../store-time.js'
import type { PreparedAnswer } from '../copy/held-stored.js'
import type { PreparedFrame } from '../copy/prepared-frame.js'
import { Freshness } from '../heads/freshness.js'
import { UnverifiedRows } from '../heads/unverified-rows.js'
import { parseAtLeast, PolicyQueryDto, ReaderQueryDto, RestoreDocumentDto, SnapshotQueryDto } from './reader-query.dto.js'
import { Subset } from '../copy/stable-heads.js'

/** Minimum size in bytes of a compressed response: smaller ones gain little, and have many variants. */
const COMPRESSED_FROM = 32 * 1024

/** Serves reads from this instance’s copy, with texts prepared when a revision arrived: no query and no serialisation. */
@Controller('v1')
export class PoliciesController {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly metrics: StoreMetrics,
    private readonly time: StoreTime,
    private readonly copy: DocumentCopy,
    private readonly freshness: Freshness,
    private readonly unverified: UnverifiedRows,
    private readonly restoreDocument: RestoreDocument,
  ) {}

  /** Returns all policies as in force for this reader. */
  @Get('policies')
  @RequireScope('values')
  @Paged()
  async list(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Query() reader: ReaderQueryDto,
    @Req() { actor }: AuthorizedRequest,
    @Headers('if-none-match') known?: string,
    @Headers('if-revision-at-least') atLeast?: string,
  ): Promise<JsonText<PolicyView[]> | undefined> {
    await this.copy.requireRevision(parseAtLeast(atLeast))
    this.metrics.reads.inc({ source: 'list' })
    const found = this.copy
      .policies()
      .sort()
      .map((id) => ({ id, answer: this.answer(id, reader) }))
      .filter(({ answer }) => answer !== null)
    const answers = cutPage(found, ({ id }) => id, reply).map(({ answer }) => answer!)
    const etag = etagOf(answers.map((answer) => answer.etag).join())
    return this.send(reply, etag, known, () => `[${answers.map((answer) => jsonFor(actor, answer)).join(',')}]`)
  }

  /**
   * Returns the version in force for this reader: the version of a canary that covers the reader, otherwise the stable one. With `at`,
   * `known` or `version`, returns a version that was in force for all, with the signed head and releases that prove it.
   */
  @Get('policies/:id')
  @RequireScope('values')
  async show(
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Query() query: PolicyQueryDto,
    @Req() { actor }: AuthorizedRequest,
    @Headers('if-none-match') known?: string,
    @Headers('if-revision-at-least') atLeast?: string,
  ): Promise<JsonText<PolicyView | PastPolicyView> | undefined> {
    await this.copy.requireRevision(parseAtLeast(atLeast))
    if (query.at !== undefined || query.known !== undefined || query.version !== undefined) {
      const json = JSON.stringify(pastFor(actor, await this.pastVersion(id, query)))
      return this.send(reply, etagOf(json), known, () => json)
    }
    this.metrics.reads.inc({ source: 'policy' })
    const answer = this.answer(id, query)
    if (answer === null) {
      this.unverified.requireVerified(id)
      throw policyNotFound(`No policy ${id} is in force.`)
    }
    return this.send(reply, answer.etag, known, () => jsonFor(actor, answer))
  }

  /** Restores the database and the topic of state to the signed documents: the repair if a stored document does not verify. */
  @Post('policies/:id/restore')
  @HttpCode(200)
  @RequireScope('operate')
  restore(
    @Param('id') id: string,
    @Body() { reason }: RestoreDocumentDto,
    @Req() { actor }: AuthorizedRequest,
  ): Promise<RestoredDocument[]> {
    return this.restoreDocument.execute(id, { by: actor?.name, reason })
  }

  /**
   * Returns the first frame of the stream, of all policies or of `policies`. With `revision`, for readers that poll, returns the changes
   * after it and rollout's freshness statement. With `after`, returns a page of all documents, for stores larger than one response; `next`
   * leads to the following page.
   */
  @Get('snapshot')
  @RequireScope('heads')
  async snapshot(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Query() { revision, policies, after }: SnapshotQueryDto,
    @Headers('if-none-match') known?: string,
    @Headers('if-revision-at-least') atLeast?: string,
    @Headers('accept-encoding') encodings?: string,
  ): Promise<JsonText<StreamFrame, Buffer> | undefined> {
    await this.copy.requireRevision(parseAtLeast(atLeast))
    this.metrics.reads.inc({ source: 'snapshot' })
    if (after !== undefined && (revision !== undefined || policies !== undefined))
      throw refusedQuery('a page contains all policies: leave out revision and policies')
    const subset = Subset.of(policies)
    const frame = after === undefined ? this.frameForPoll(revision, subset) : this.copy.page(after)
    const isCompressed = frame.message.length >= COMPRESSED_FROM && acceptsGzip(encodings)
    void reply.header('vary', 'authorization, accept-encoding')
    if (isCompressed) void reply.header('content-encoding', 'gzip')
    // The ETag is of the prepared frame, because the copy may advance while the frame is compressed.
    const etag = frameEtag(frame, subset, isCompressed, after)
    const body = isCompressed && !isKnown(etag, known) ? await frame.compressed : frame.message
    return this.send(reply, etag, known, () => body)
  }

  private frameForPoll(revision: number | undefined, subset: Subset | undefined): PreparedFrame {
    const frame = this.copy.frameFor(revision, subset)
    const { current } = this.freshness
    if (revision === undefined || current === undefined) return frame
    const standing = this.copy.stableHeads()
    const isProvable = subset !== undefined && standing.digest === current.predicate.stable
    return frame.withFreshness(current.envelope, isProvable ? standing.proofsFor(subset) : undefined)
  }

  private pastVersion(id: string, { at, known, version, bot, region }: PolicyQueryDto): Promise<PastPolicyView> {
    if (bot !== undefined || region !== undefined)
      throw refusedQuery('history contains only what was in force for all: leave out bot and region')
    if (version !== undefined && (at !== undefined || known !== undefined))
      throw refusedQuery('a version does not depend on a time: leave out at and known')
    this.metrics.reads.inc({ source: 'history' })
    const roster = this.rosters.newest
    return this.database.transaction((tx) => {
      if (version !== undefined) return policyVersion(tx, id, version, roster)
      const [atMs, knownMs] = [at, known].map((time) => (time === undefined ? tx.now.getTime() : Date.parse(time)))
      return policyAt(tx, id, { atMs: atMs!, knownMs: knownMs!, roster })
    })
  }

  private answer(id: string, reader: ReaderQueryDto): PreparedAnswer | null {
    return this.copy.inForce(id, reader, this.time.nowMs())?.held.answer ?? null
  }

  /**
   * Sends a body, or 304 if the reader has it. `hms-revision`: revision of this instance, for the reader's next request to another
   * instance. `hms-unverified`: places (`policy@scope`) that are left out because their stored document does not verify.
   */
  private send<T extends string | Buffer>(
    reply: FastifyReply,
    etag: string,
    known: string | undefined,
    body: () => T,
  ): JsonText<never, T> | undefined {
    void reply.header('etag', etag).header('hms-revision', String(this.copy.revision)).header(VERIFICATION_HEADER, NOT_BY_CALLER)
    const { header } = this.unverified
    if (header !== undefined) void reply.header(UNVERIFIED_HEADER, header)
    if (isKnown(etag, known)) {
      void reply.status(304)
      return undefined
    }
    void reply.header('content-type', 'application/json; charset=utf-8')
    return body() as JsonText<never, T>
  }
}

/** Returns the JSON of an answer, for bots and partners without internal reasons. */
function jsonFor(actor: AuthorizedRequest['actor'], { json, outsideJson }: PreparedAnswer): string {
  return actor?.valuesOnly === true ? (outsideJson ?? json) : json
}

function pastFor(actor: AuthorizedRequest['actor'], view: PastPolicyView): PastPolicyView {
  const { change } = view.provenance
  if (change === undefined || actor?.valuesOnly !== true) return view
  return { ...view, provenance: { ...view.provenance, change: withoutInternalReason(change) } }
}

function refusedQuery(detail: string): HmsError {
  return new HmsError('HMS_HTTP_QUERY_INVALID', `${detail}.`, { status: 400 })
}

function etagOf(text: string): string {
  return `"${shortHash(text)}"`
}

function frameEtag(
  { frame: { revision, freshness, standing, along, unverified }, effectiveMark }: PreparedFrame,
  subset: Subset | undefined,
  isCompressed: boolean,
  after?: string,
): string {
  // Ed25519 is deterministic (RFC 8032 §5.1.6), so another signature means another statement.
  const mark = freshness === undefined ? '' : `.${freshness.signatures[0]?.sig.slice(0, 16)}`
  const proven = standing === undefined ? '' : '.p'
  const part = subset === undefined ? '' : `.${shortHash(`${subset.key}+${along?.join() ?? ''}`)}`
  const turned = effectiveMark === undefined ? '' : `.t${shortHash(effectiveMark)}`
  const page = (after ?? unverified) === undefined ? '' : `.a${shortHash(`${after}+${unverified?.join() ?? ''}`)}`
  return `"${revision}${mark}${proven}${turned}${part}${page}${isCompressed ? '.gz' : ''}"`
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
