import type { ConfigDocument, Envelope, StandingProof, StreamFrame } from '#libs/contracts'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { frameText } from './frame-text.js'
import { textFrame, type TextFrame } from './text-frame.js'

/** A stock EventSource keeps what it is told for every later try: with less it asks a server that is away without pause. */
const SHORTEST_RETRY_MS = 1_000
/** Places that a snapshot names. */
const MAX_UNVERIFIED = 100
const compress = promisify(gzip) as (bytes: Buffer) => Promise<Buffer>

/** A frame and its bytes, made once for all who get it. */
export class PreparedFrame {
  private made: TextFrame | undefined
  private event: Buffer | undefined
  private vouched: PreparedFrame | undefined
  private gzipped: Promise<Buffer> | undefined

  constructor(readonly frame: StreamFrame) {}

  /** `traceparent`: of the newest of the documents. */
  static of(type: StreamFrame['type'], revision: number, documents: ConfigDocument[] = [], traceparent?: string): PreparedFrame {
    const changes = documents.map(({ id, version, digest, scope }) => ({ id, version, digest, scope }))
    return new PreparedFrame({ type, revision, changes, documents, ...(traceparent === undefined ? {} : { traceparent }) })
  }

  /** Without a statement it is `type` and `revision` alone: 64 bytes at most. */
  static heartbeat(revision: number, freshness?: Envelope): PreparedFrame {
    return new PreparedFrame({ type: 'heartbeat', revision, ...NOTHING, ...(freshness === undefined ? {} : { freshness }) })
  }

  static goodbye(revision: number, retryMs: number): PreparedFrame {
    return new PreparedFrame({ type: 'goodbye', revision, ...NOTHING, retryMs })
  }

  /** The same with what comes along for a reader of a few policies. */
  along(policies: string[]): PreparedFrame {
    if (policies.length === 0) return this
    return new PreparedFrame({ ...this.frame, along: policies })
  }

  /** The same naming the places (`policy@scope`) that are left out, because what is stored there does not verify. */
  without(unverified: readonly string[]): PreparedFrame {
    if (unverified.length === 0) return this
    return new PreparedFrame({ ...this.frame, unverified: unverified.slice(0, MAX_UNVERIFIED) })
  }

  /** The same as a page that others follow, behind the place `next`. */
  followedBehind(next: string | undefined): PreparedFrame {
    return next === undefined ? this : new PreparedFrame({ ...this.frame, next })
  }

  /**
   * The same with the freshness statement on what it carries, for a reader of a few policies with where they stand in it. The last one
   * without that is kept, for all who ask for it.
   */
  with(freshness: Envelope | undefined, standing?: Record<string, StandingProof>): PreparedFrame {
    if (freshness === undefined) return this
    if (standing !== undefined) return new PreparedFrame({ ...this.frame, freshness, standing })
    if (this.vouched?.frame.freshness !== freshness) this.vouched = new PreparedFrame({ ...this.frame, freshness })
    return this.vouched
  }

  /** As a text frame of a WebSocket, header and all. */
  get wire(): Buffer {
    return this.textFrame.wire
  }

  /** As JSON. */
  get message(): Buffer {
    return this.textFrame.payload
  }

  private get textFrame(): TextFrame {
    return (this.made ??= textFrame(frameText(this.frame)))
  }

  /** `message`, compressed once for all readers that take it so. */
  get compressed(): Promise<Buffer> {
    return (this.gzipped ??= compress(this.message))
  }

  /** As a Server-Sent Event; `id:` is the revision, `retry:` what a stock EventSource waits before it connects again. */
  get serverSentEvent(): Buffer {
    const { revision, retryMs } = this.frame
    const retry = retryMs === undefined ? '' : `retry: ${Math.max(retryMs, SHORTEST_RETRY_MS)}\n`
    return (this.event ??= Buffer.from(`id: ${revision}\n${retry}data: ${this.message.toString()}\n\n`))
  }
}

const NOTHING = { changes: [], documents: [] }

/** The revision a reader names as its own; `undefined` when it names none. */
export function parseRevision(text: unknown): number | undefined {
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
