import { HEARTBEAT_MS } from '#libs/contracts'
import { MAX_UNREAD_BYTES, writeOrDrop } from '#libs/ofrep'
import type { Clock } from '#libs/platform'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { stateOf, type HeldValues } from '../held-values.js'
import { requireRoom } from '../ofrep/flags.js'

const HEADERS = { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }

/** Notifies every subscriber of changes. Nothing is buffered for absent readers: on reconnect a reader gets the policies in force. */
export class EventFeed {
  /** Open responses, each with its limit of unread bytes: its first frame, as large as the list of policies, comes on top. */
  private readonly subscribers = new Map<ServerResponse, number>()
  private readonly changed = new Set<string>()
  private doubt: Omit<StateEvent, 'state'> = {}
  private sentState: StateEvent['state']
  private flushing = false
  /** Last issued id. `movedSince`: values changed under it since, because the end of a lease makes no revision. */
  private issued: number | undefined
  private movedSince = false
  private readonly off: (() => void)[]
  private cancelHeartbeat: () => void = () => {}

  constructor(
    private readonly values: HeldValues,
    private readonly clock: Clock,
  ) {
    this.sentState = this.state
    this.off = [
      values.on('change', ({ id, revision }) => {
        if (revision === this.issued) this.movedSince = true
        this.changed.add(id)
        this.flushSoon()
      }),
      values.on('stale', (doubt) => this.turn(doubt)),
      values.on('ready', () => this.turn({})),
    ]
    this.beat()
  }

  get size(): number {
    return this.subscribers.size
  }

  /**
   * `GET /v1/events`: adds a subscriber. It names the last id it saw in `Last-Event-ID`, or in `?revision=` for a first connection, as for
   * config-store. If it is the last issued id, and nothing changed since, nothing is repeated; else the first frame lists all policies in
   * force. Throws `HMS_SIDECAR_BUSY` before anything is written.
   */
  follow({ method, headers }: IncomingMessage, response: ServerResponse, query: URLSearchParams): void {
    if (method === 'HEAD') return void response.writeHead(200, HEADERS).end()
    requireRoom(this.size)
    response.writeHead(200, HEADERS)
    const known = revisionIn(headers['last-event-id'] ?? query.get('revision'))
    const { revision } = this.values
    const current = known === revision && known === this.issued && !this.movedSince
    const first = current ? frame('heartbeat', revision) : frame('snapshot', revision, this.inForce(this.values.ids()))
    const maxUnreadBytes = MAX_UNREAD_BYTES + first.length
    writeOrDrop(response, first, maxUnreadBytes)
    writeOrDrop(response, stateFrame(this.stateEvent()), maxUnreadBytes)
    this.issue(revision)
    this.subscribers.set(response, maxUnreadBytes)
    response.once('close', () => this.subscribers.delete(response))
  }

  close(): void {
    this.cancelHeartbeat()
    for (const stop of this.off) stop()
    for (const subscriber of this.subscribers.keys()) subscriber.end()
  }

  private get state(): StateEvent['state'] {
    return stateOf(this.values)
  }

  private turn(doubt: Omit<StateEvent, 'state'>): void {
    this.doubt = doubt
    this.flushSoon()
  }

  /**
   * The connection emits the changes of a revision one by one in the same turn: they are sent together, so no reader sees half a bundle.
   */
  private flushSoon(): void {
    if (this.flushing) return
    this.flushing = true
    queueMicrotask(() => this.flush())
  }

  private flush(): void {
    this.flushing = false
    if (this.changed.size > 0) {
      this.broadcast(frame('change', this.values.revision, this.inForce([...this.changed].sort())))
      this.changed.clear()
      this.issue(this.values.revision)
    }
    if (this.state === this.sentState) return
    this.sentState = this.state
    this.broadcast(stateFrame(this.stateEvent()))
  }

  private beat(): void {
    this.cancelHeartbeat = this.clock.after(HEARTBEAT_MS, () => {
      this.broadcast(frame('heartbeat', this.values.revision))
      this.issue(this.values.revision)
      this.beat()
    })
  }

  private issue(revision: number): void {
    if (revision === this.issued) return
    this.issued = revision
    this.movedSince = false
  }

  private broadcast(bytes: Buffer): void {
    for (const [subscriber, maxUnreadBytes] of this.subscribers) writeOrDrop(subscriber, bytes, maxUnreadBytes)
  }

  private stateEvent(): StateEvent {
    return this.state === 'READY' ? { state: 'READY' } : { state: 'STALE', ...this.doubt }
  }

  private inForce(ids: readonly string[]): LocalChange[] {
    const held = new Set(this.values.ids())
    return ids.map((id) => {
      if (!held.has(id)) return { id, version: null }
      const { version, scope } = this.values.explain(id)
      return { id, version, scope }
    })
  }
}

/** `undefined` for what is no revision: such a reader knows nothing. */
function revisionIn(text: unknown): number | undefined {
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

/** Policy after a change; if none is in force, `version` is `null` and there is no scope. */
interface LocalChange {
  id: string
  version: string | null
  scope?: string
}

interface StateEvent {
  state: 'READY' | 'STALE'
  reason?: string
  code?: string
}

/** Builds a frame: `snapshot` lists all policies in force, `change` the changed ones, `heartbeat` proves that the connection is alive. */
function frame(type: 'snapshot' | 'change' | 'heartbeat', revision: number, changes: readonly LocalChange[] = []): Buffer {
  return Buffer.from(`id: ${revision}\ndata: ${JSON.stringify({ type, revision, changes })}\n\n`)
}

/** Builds a state event. It has no id: a reader cut off right after it has not seen the changes of its revision yet. */
function stateFrame(event: StateEvent): Buffer {
  return Buffer.from(`event: state\ndata: ${JSON.stringify(event)}\n\n`)
}
