import { HmsError, NOT_BY_CALLER, UNVERIFIED_HEADER, VERIFICATION_HEADER } from '#libs/contracts'
import type { Reader } from '#libs/evaluation'
import { answerFlag, answerFlags, eventStream, FlagBook, type EvaluationResponse, type HeldPolicies, type OwnStream } from '#libs/ofrep'
import { Authorizer, type Actor } from '#libs/service'
import { Injectable } from '@nestjs/common'
import { DocumentCopy } from '../copy/document-copy.js'
import { UnverifiedRows } from '../heads/unverified-rows.js'
import { LinterSchemas } from './rule-schemas.js'
import { StoreMetrics } from '../store-metrics.js'
import { StoreTime } from '../store-time.js'

/** Evaluates flags from this instance's copy, for the controller and for the fast handler before it. */
@Injectable()
export class Flags {
  readonly held: HeldPolicies
  private readonly book: FlagBook

  constructor(
    private readonly metrics: StoreMetrics,
    private readonly access: Authorizer,
    private readonly copy: DocumentCopy,
    time: StoreTime,
    private readonly unverified: UnverifiedRows,
    private readonly schemas: LinterSchemas,
  ) {
    this.held = {
      policies: () => copy.policies(),
      documentsOf: (id) => copy.documentsOf(id),
      nowMs: () => time.nowMs(),
      verification: NOT_BY_CALLER,
      numbersOf: (policy) => schemas.numbersOf(policy),
    }
    this.book = new FlagBook(this.held)
    copy.onChange(() => this.book.invalidate())
    schemas.onChange = () => this.book.rewrite()
  }

  /** Evaluates one flag. Throws 404 `HMS_POLICY_NOT_FOUND`, or 503 `HMS_STORE_UNVERIFIED` if its document does not verify. */
  answer(key: string, reader: Reader, ifNoneMatch?: string): EvaluationResponse {
    try {
      return answerFlag(this.book, key, reader, ifNoneMatch)
    } catch (error) {
      if (error instanceof HmsError && error.code === 'HMS_POLICY_NOT_FOUND') this.unverified.requireVerified(key.split('.')[0]!)
      throw error
    }
  }

  answerAll(reader: Reader, ifNoneMatch: string | undefined, actor: Actor | undefined): EvaluationResponse {
    return answerFlags(this.book, reader, ifNoneMatch, this.streamFor(actor))
  }

  count(source: 'ofrep' | 'ofrep-bulk'): void {
    this.schemas.refresh()
    this.metrics.reads.inc({ source })
  }

  headersOf(answer: EvaluationResponse): Record<string, string> {
    const { header } = this.unverified
    const headers = this.ordinaryHeadersOf(answer)
    return header === undefined ? headers : { ...headers, [UNVERIFIED_HEADER]: header }
  }

  /** Whether `reach` would resolve without waiting. */
  hasRevision(atLeast = 0): boolean {
    return this.copy.isLoaded && atLeast <= this.copy.revision
  }

  /** Resolves at `notifiedRevision` or after a timeout: the client then polls again. Rejects with `HMS_STORE_BEHIND` below `atLeast`. */
  async reach(notifiedRevision?: number, atLeast?: number): Promise<void> {
    await this.copy.waitForRevision(notifiedRevision)
    await this.copy.requireRevision(atLeast)
  }

  /** Returns the headers as one literal per case: adding members one by one cost more than the evaluation. */
  private ordinaryHeadersOf({ etag, body }: EvaluationResponse): Record<string, string> {
    const revision = String(this.copy.revision)
    if (body === undefined) return { etag, 'cache-control': 'no-store', 'hms-revision': revision, [VERIFICATION_HEADER]: NOT_BY_CALLER }
    return {
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      etag,
      'cache-control': 'no-store',
      'hms-revision': revision,
      [VERIFICATION_HEADER]: NOT_BY_CALLER,
    }
  }

  /** Returns the event stream of a reader; `undefined` for a reader that signs each request, because a URL cannot be signed. */
  private streamFor(actor: Actor | undefined): OwnStream | undefined {
    if (actor === undefined) return { stream: eventStream() }
    const key = actor.kind === 'token' ? this.access.tokens.streamKey(actor.id) : undefined
    return key === undefined ? undefined : { stream: eventStream(key), owner: actor.id }
  }
}
