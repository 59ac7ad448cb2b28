import { NOT_BY_CALLER, UNVERIFIED_HEADER, VERIFICATION_HEADER } from '#libs/contracts'
import { eventStream, type EvaluationAnswer, type OwnStream } from '#libs/ofrep'
import { Metrics } from '#libs/platform'
import { Authorizer, type Actor } from '#libs/service'
import { Injectable } from '@nestjs/common'
import { StoreMetrics } from '../store-metrics.js'
import { UnverifiedRows } from '../heads/unverified-rows.js'
import { Flags } from './flags.js'

/** Counts evaluations and makes their headers, for the controller and for the fast handler before it. */
@Injectable()
export class Evaluations {
  private readonly metrics: StoreMetrics

  constructor(
    metrics: Metrics,
    private readonly flags: Flags,
    private readonly access: Authorizer,
    private readonly unverified: UnverifiedRows,
  ) {
    this.metrics = new StoreMetrics(metrics)
  }

  count(source: 'ofrep' | 'ofrep-bulk'): void {
    this.metrics.reads.inc({ source })
  }

  /** Returns the event stream of a reader; none for a reader that signs each request, because an address cannot sign. */
  streamOf(actor: Actor | undefined): OwnStream | undefined {
    if (actor === undefined) return { stream: eventStream() }
    const key = actor.kind === 'token' ? this.access.tokens.streamKey(actor.id) : undefined
    return key === undefined ? undefined : { stream: eventStream(key), owner: actor.id }
  }

  /** One literal for each shape: adding members one after the other cost more than the evaluation. */
  headersOf(answer: EvaluationAnswer): Record<string, string> {
    const { header } = this.unverified
    const headers = this.ordinaryHeadersOf(answer)
    return header === undefined ? headers : { ...headers, [UNVERIFIED_HEADER]: header }
  }

  private ordinaryHeadersOf({ etag, body }: EvaluationAnswer): Record<string, string> {
    const revision = String(this.flags.revision)
    if (body === undefined) {
      return { etag, 'cache-control': 'no-store', 'hms-revision': revision, [VERIFICATION_HEADER]: NOT_BY_CALLER }
    }
    return {
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      etag,
      'cache-control': 'no-store',
      'hms-revision': revision,
      [VERIFICATION_HEADER]: NOT_BY_CALLER,
    }
  }
}
