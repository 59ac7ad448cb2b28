import { HmsError } from '#libs/contracts'
import { ChangeWatch } from '#libs/evaluation'
import { EVENT_HEADERS, RefetchFeed, type HeldPolicies } from '#libs/ofrep'
import type { Clock } from '#libs/platform'
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HeldValues } from '../held-values.js'

const MAX_READERS = 64

/**
 * Notifies readers of OFREP on this machine to refetch: when values may have changed for any of them, and when the copy becomes stale or
 * fresh.
 */
export class RefetchEvents {
  private readonly feed: RefetchFeed
  private readonly watch: ChangeWatch
  private readonly off: (() => void)[]

  constructor(values: HeldValues, held: HeldPolicies, clock: Clock) {
    this.feed = new RefetchFeed({ clock, life: randomUUID() })
    this.watch = new ChangeWatch(held, clock, () => this.feed.tell())
    this.off = [
      values.documents.onTaken(() => this.watch.look()),
      values.on('stale', () => this.feed.tell()),
      values.on('ready', () => this.feed.tell()),
    ]
  }

  get size(): number {
    return this.feed.size
  }

  /** Throws `HMS_SIDECAR_BUSY` before anything is written. */
  follow({ method, headers }: IncomingMessage, response: ServerResponse): void {
    if (method === 'HEAD') return void response.writeHead(200, EVENT_HEADERS).end()
    if (this.size >= MAX_READERS) {
      throw new HmsError('HMS_SIDECAR_BUSY', `${MAX_READERS} readers follow the events already.`, { status: 503, retryable: true })
    }
    const lastId = headers['last-event-id']
    this.feed.follow(response, lastId === undefined ? undefined : String(lastId))
  }

  close(): void {
    for (const stop of this.off) stop()
    this.watch.stop()
    this.feed.close()
  }
}
