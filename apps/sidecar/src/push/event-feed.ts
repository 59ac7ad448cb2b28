import { HEARTBEAT_MS } from '#libs/contracts'
import { MAX_UNREAD_BYTES, writeOrDrop } from '#libs/ofrep'
import type { Clock } from '#libs/platform'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { stateOf, type HeldValues } from '../held-values.js'
import { requireCapacity } from '../ofrep/flags.js'

const HEADERS = { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }

/** Sends changes of values and state to subscribers. Buffers nothing: a reader gets all policies in force on reconnecting. */
export class EventFeed {
  /** Open responses with their limit of unread bytes: `MAX_UNREAD_BYTES` plus the first frame, which may list all policies. */
  private readonly subscribers = new Map<ServerResponse, number>()
  private readonly changed = new Set<string>()
  private staleReason: Omit<StateEvent, 'state'> = {}
  private sentState: StateEvent['state']
  private flushing = false
  /** Last issued id. `changedSinceIssue`: whether values have changed since without a new revision, as when a lease expires. */
  private issued: number | undefined
  private changedSinceIssue = false
  private readonly unsubscribers: (() => void)[]
  private cancelHeartbeat: () => void = () => {}

  constructor(
    private readonly values: HeldValues,
    private readonly clock: Clock,
  ) {
    this.sentState = this.state
    this.unsubscribers = [
      values.on('change', ({ id, revision }) => {
        if (revision === this.issued) this.changedSinceIssue = true
        this.changed.add(id)
        this.flushSoon()
      }),
      values.on('stale', (reason) => this.updateStaleReason(reason)),
      values.on('ready', () => this.updateStaleReason({})),
    ]
    this.beat()
  }

  get size(): number {
    return this.subscribers.size
  }

  /**
   * `GET /v1/events`: adds a subscriber. Its last id is in `Last-Event-ID`, or initially in `?revision=`, as with config-store. If that is
   * the last issued id and nothing changed since, it first gets a heartbeat, else all policies. Throws `HMS_SIDECAR_BUSY` before writing.
   */
  follow({ method, headers }: IncomingMessage, response: ServerResponse, query: URLSearchParams): void {
    if (method === 'HEAD') return void response.writeHead(200, HEADERS).end()
    requireCapacity(this.size)
    response.writeHead(200, HEADERS)
    const lastSeen = revisionIn(headers['last-event-id'] ?? query.get('revision'))
    const { revision } = this.values
    const current = lastSeen === revision && lastSeen === this.issued && !this.changedSinceIssue
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
    for (const stop of this.unsubscribers) stop()
    for (const subscriber of this.subscribers.keys()) subscriber.end()
  }

  private get state(): StateEvent['state'] {
    return stateOf(this.values)
  }

  private updateStaleReason(reason: Omit<StateEvent, 'state'>): void {
    this.staleReason = reason
    this.flushSoon()
  }

  /** Sends at the end of the turn, in which the connection emits a revision's changes one by one, so that no reader sees half a bundle. */
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
    this.changedSinceIssue = false
  }

  private broadcast(bytes: Buffer): void {
    for (const [subscriber, maxUnreadBytes] of this.subscribers) writeOrDrop(subscriber, bytes, maxUnreadBytes)
  }

  private stateEvent(): StateEvent {
    return this.state === 'READY' ? { state: 'READY' } : { state: 'STALE', ...this.staleReason }
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

/** Parses a revision; `undefined` for any other text. The client then gets all policies in force. */
function revisionIn(text: unknown): number | undefined {
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

/** Policy after a change. If no version is in force, `version` is `null` and `scope` is missing. */
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

/** Builds a frame. `snapshot` lists all policies in force, `change` the changed ones; `heartbeat` shows a live connection. */
function frame(type: 'snapshot' | 'change' | 'heartbeat', revision: number, changes: readonly LocalChange[] = []): Buffer {
  return Buffer.from(`id: ${revision}\ndata: ${JSON.stringify({ type, revision, changes })}\n\n`)
}

/** Builds a state event. It has no id: a client disconnected right after it may not have received the changes of the current revision. */
function stateFrame(event: StateEvent): Buffer {
  return Buffer.from(`event: state\ndata: ${JSON.stringify(event)}\n\n`)
}
