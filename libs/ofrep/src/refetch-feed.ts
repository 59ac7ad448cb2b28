import { HEARTBEAT_MS } from '#libs/contracts'
import type { Clock } from '#libs/platform'
import type { ServerResponse } from 'node:http'

/**
 * Minimum `retry:` in ms at the end of a stream. A stock SSE client uses the last `retry:` for every later attempt, so a smaller value
 * would make it poll an unavailable server almost without pause. A random time is added, so that readers do not all reconnect at once.
 */
const SHORTEST_RETRY_MS = 1_000
const READERS_PER_SECOND = 2_000
const LONGEST_SPREAD_MS = 3_000
/** Number of readers written to per turn of the event loop, so that evaluations stay fast during a broadcast. */
const SLICE = 250
/** Limit of unread bytes per reader. Frames are short, so a reader above it has stopped reading; it is disconnected and reconnects. */
export const MAX_UNREAD_BYTES = 64 * 1024
/** Heartbeat: an SSE comment, which clients do not deliver to listeners. */
const ALIVE = Buffer.from(': alive\n\n')

export const EVENT_HEADERS = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }

export interface RefetchFeedOptions {
  clock: Clock
  /** Prefix of event ids, unique to this process, so that an id from an earlier process never equals the newest one. */
  life: string
  /** Called with the number of open readers after each reader that joins or leaves. */
  counted?: (readers: number, change: 1 | -1) => void
  random?: () => number
}

/**
 * The event stream of OFREP: notifies readers that evaluations may have changed, without values. A reader whose `Last-Event-ID` is not the
 * newest id is notified immediately: the reader may have missed a change, and stock providers do not refetch after a reconnect.
 */
export class RefetchFeed {
  private readonly readers = new Set<ServerResponse>()
  private changes = 0
  private newest: Buffer
  private sending = false
  private cancelHeartbeat = (): void => {}

  constructor(private readonly options: RefetchFeedOptions) {
    this.newest = this.frame()
  }

  get size(): number {
    return this.readers.size
  }

  /** Notifies all readers. `hint`: readers return it as `flagConfigEtag` in the next request. Changes during a broadcast are one event. */
  notify(hint?: string): void {
    this.changes++
    this.newest = this.frame(hint)
    if (this.sending) return
    this.sending = true
    setImmediate(() => this.send())
  }

  follow(response: ServerResponse, lastEventId?: string): void {
    response.writeHead(200, EVENT_HEADERS)
    response.write(lastEventId === this.id ? ALIVE : this.newest)
    if (this.readers.size === 0) this.beat()
    this.readers.add(response)
    this.options.counted?.(this.readers.size, 1)
    response.once('close', () => {
      this.readers.delete(response)
      this.options.counted?.(this.readers.size, -1)
    })
  }

  /** Ends all streams, each with its own reconnect delay. */
  close(): void {
    this.cancelHeartbeat()
    const { random = Math.random } = this.options
    const spreadMs = Math.min((this.readers.size / READERS_PER_SECOND) * 1_000, LONGEST_SPREAD_MS)
    for (const reader of this.readers) reader.end(`retry: ${SHORTEST_RETRY_MS + Math.floor(random() * spreadMs)}\n\n`)
  }

  private get id(): string {
    return `${this.options.life}.${this.changes}`
  }

  private frame(hint?: string): Buffer {
    const data = JSON.stringify({ type: 'refetchEvaluation', ...(hint === undefined ? {} : { etag: hint }) })
    return Buffer.from(`id: ${this.id}\nevent: message\ndata: ${data}\n\n`)
  }

  private send(): void {
    const frame = this.newest
    this.slice(frame, [...this.readers], 0, () => {
      if (this.newest === frame) this.sending = false
      else this.send()
    })
  }

  private slice(frame: Buffer, readers: readonly ServerResponse[], start: number, done: () => void): void {
    for (const reader of readers.slice(start, start + SLICE)) writeOrDrop(reader, frame)
    setImmediate(() => (start + SLICE < readers.length ? this.slice(frame, readers, start + SLICE, done) : done()))
  }

  private beat(): void {
    this.cancelHeartbeat()
    this.cancelHeartbeat = this.options.clock.after(HEARTBEAT_MS, () => {
      if (this.readers.size === 0) return
      this.slice(ALIVE, [...this.readers], 0, () => {})
      this.beat()
    })
  }
}

/** Writes to a reader, or disconnects it if it has too many unread bytes. */
export function writeOrDrop(reader: ServerResponse, bytes: Buffer, maxUnreadBytes = MAX_UNREAD_BYTES): void {
  if (!reader.writable) return
  if (reader.writableLength > maxUnreadBytes) reader.destroy()
  else reader.write(bytes)
}
