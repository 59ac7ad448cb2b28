import type { ConfigDocument, Envelope, StreamFrame } from '#libs/contracts'

/** A frame and its bytes, made once for all who get it. */
export class PreparedFrame {
  private bytes: Buffer | undefined
  private event: Buffer | undefined

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

  static heartbeat(revision: number, freshness?: Envelope): PreparedFrame {
    return new PreparedFrame({ type: 'heartbeat', revision, changes: [], documents: [], ...(freshness === undefined ? {} : { freshness }) })
  }

  /** The same with the freshness statement on what it carries. */
  with(freshness: Envelope | undefined): PreparedFrame {
    return freshness === undefined ? this : new PreparedFrame({ ...this.frame, freshness })
  }

  /** As a text frame of a WebSocket. */
  get message(): Buffer {
    return (this.bytes ??= Buffer.from(JSON.stringify(this.frame)))
  }

  /** As a Server-Sent Event; `id:` is the revision. */
  get serverSentEvent(): Buffer {
    return (this.event ??= Buffer.from(`id: ${this.frame.revision}\ndata: ${this.message.toString()}\n\n`))
  }
}

/** The revision a reader names as its own; `undefined` when it names none. */
export function parseRevision(text: unknown): number | undefined {
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
