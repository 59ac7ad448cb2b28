import type { ConfigDocument, Envelope, StreamFrame } from '#libs/contracts'

/** A frame and its bytes, made once for all who get it. */
export class PreparedFrame {
  private bytes: Buffer | undefined
  private event: Buffer | undefined
  private vouched: PreparedFrame | undefined

  constructor(readonly frame: StreamFrame) {}

  /** `traceparent`: of the newest of the documents. */
  static of(
    type: StreamFrame['type'],
    revision: number,
    documents: ConfigDocument[] = [],
    traceparent: string | null = null,
  ): PreparedFrame {
    const changes = documents.map(({ id, version, digest, scope }) => ({ id, version, digest, scope }))
    return new PreparedFrame({ type, revision, changes, documents, ...(traceparent === null ? {} : { traceparent }) })
  }

  /** Without a statement it is `type` and `revision` alone: 64 bytes at most. */
  static heartbeat(revision: number, freshness?: Envelope): PreparedFrame {
    return new PreparedFrame({ type: 'heartbeat', revision, ...NOTHING, ...(freshness === undefined ? {} : { freshness }) })
  }

  static goodbye(revision: number, retryMs: number): PreparedFrame {
    return new PreparedFrame({ type: 'goodbye', revision, ...NOTHING, retryMs })
  }

  /** The same with the freshness statement on what it carries; the last one is kept, for all who ask for it. */
  with(freshness: Envelope | undefined): PreparedFrame {
    if (freshness === undefined) return this
    if (this.vouched?.frame.freshness !== freshness) this.vouched = new PreparedFrame({ ...this.frame, freshness })
    return this.vouched
  }

  /** As a text frame of a WebSocket. */
  get message(): Buffer {
    return (this.bytes ??= Buffer.from(JSON.stringify(this.sent())))
  }

  /** As a Server-Sent Event; `id:` is the revision, `retry:` what a stock EventSource waits before it connects again. */
  get serverSentEvent(): Buffer {
    const { revision, retryMs } = this.frame
    const retry = retryMs === undefined ? '' : `retry: ${retryMs}\n`
    return (this.event ??= Buffer.from(`id: ${revision}\n${retry}data: ${this.message.toString()}\n\n`))
  }

  private sent(): Partial<StreamFrame> {
    const { changes, documents, ...rest } = this.frame
    return rest.type === 'snapshot' || rest.type === 'change' ? { ...rest, changes, documents } : rest
  }
}

const NOTHING = { changes: [], documents: [] }

/** The revision a reader names as its own; `undefined` when it names none. */
export function parseRevision(text: unknown): number | undefined {
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
