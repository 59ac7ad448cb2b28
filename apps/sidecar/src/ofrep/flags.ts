import { HmsError } from '#libs/contracts'
import { ChangeWatch, type Reader } from '#libs/evaluation'
import {
  answerFlag,
  answerFlags,
  EVENT_HEADERS,
  eventStream,
  FlagBook,
  readContext,
  RefetchFeed,
  RuleSchemas,
  type HeldPolicies,
} from '#libs/ofrep'
import type { Clock, Logger } from '#libs/platform'
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { stateOf, type HeldValues } from '../held-values.js'
import type { SidecarResponse } from '../http/answer.js'

const MAX_READERS = 64

/**
 * Serves OFREP on the reader's machine like config-store, but from the verified local copy. A context names its reader; the default region
 * is the side-car's. Event streams request a refetch when any reader's values may have changed, and when the copy becomes stale or fresh.
 */
export class Flags {
  private readonly book: FlagBook
  private readonly feed: RefetchFeed
  private readonly watch: ChangeWatch
  /** Started by the process that serves. */
  readonly schemas: RuleSchemas
  private readonly off: (() => void)[]

  constructor(
    private readonly values: HeldValues,
    private readonly reader: Reader,
    clock: Clock,
    registered: ConstructorParameters<typeof RuleSchemas>[1],
    log: Logger,
  ) {
    const { documents } = values
    const held: HeldPolicies = {
      policies: () => documents.policies(),
      documentsOf: (id) => documents.of(id),
      nowMs: () => documents.nowMs(),
      state: () => stateOf(values),
      numbersOf: (policy) => this.schemas.numbersOf(policy),
    }
    this.schemas = new RuleSchemas(held, registered, clock, log)
    this.schemas.onChange = () => this.book.rewrite()
    this.book = new FlagBook(held)
    this.feed = new RefetchFeed({ clock, life: randomUUID() })
    this.watch = new ChangeWatch(held, clock, () => this.feed.notify())
    this.off = [
      documents.onChange(() => {
        this.book.invalidate()
        this.watch.check()
        this.schemas.wake()
      }),
      values.on('stale', () => this.feed.notify()),
      values.on('ready', () => this.feed.notify()),
    ]
  }

  get size(): number {
    return this.feed.size
  }

  /** Evaluates the flag with the key, or every flag without a key. `ifNoneMatch`: request header. Throws errors that OFREP defines. */
  answer(key: string | undefined, body: unknown, ifNoneMatch?: string): SidecarResponse {
    this.schemas.refresh()
    const reader = readContext(body, this.reader.region)
    const {
      status,
      etag,
      body: text,
    } = key === undefined
      ? answerFlags(this.book, reader, ifNoneMatch, { stream: eventStream() })
      : answerFlag(this.book, key, reader, ifNoneMatch)
    return { status, body: text, headers: { etag, 'cache-control': 'no-store', 'hms-state': stateOf(this.values) } }
  }

  /** Adds a reader to the event stream. Throws `HMS_SIDECAR_BUSY` before anything is written. */
  follow({ method, headers }: IncomingMessage, response: ServerResponse): void {
    if (method === 'HEAD') return void response.writeHead(200, EVENT_HEADERS).end()
    requireCapacity(this.size)
    const lastId = headers['last-event-id']
    this.feed.follow(response, lastId === undefined ? undefined : String(lastId))
  }

  close(): void {
    void this.schemas.stop()
    for (const stop of this.off) stop()
    this.watch.stop()
    this.feed.close()
  }
}

/** Throws `HMS_SIDECAR_BUSY` if the limit of concurrent readers of events is reached. */
export function requireCapacity(readers: number): void {
  if (readers < MAX_READERS) return
  throw new HmsError('HMS_SIDECAR_BUSY', `${MAX_READERS} event streams are already open.`, { status: 503, retryable: true })
}
