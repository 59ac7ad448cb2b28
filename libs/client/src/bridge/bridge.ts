import { HmsError } from '#libs/contracts'
import type { PolicyValue } from '#libs/evaluation'
import type { Clock } from '../clock.js'
import type { ConnectionEvents, ConnectionState, Explanation } from '../connection/hms-connection.js'
import type { ReaderSession } from '../connection/reader-session.js'
import { Listeners } from '../connection/listeners.js'
import { FrameMember } from './frames/frame-member.js'
import { LocalPane } from './local-pane.js'
import type { BridgeEvents, Pane, PaneMessage, PaneOptions, PolicyChanged } from './pane.js'
import { invalid, MAX_PANES, readMessage, readPaneOptions } from './pane-bounds.js'
import type { FrameOptions, FrameWindow, OwnWindow } from './frames/messages.js'

/** Events of the page that hosts the panes, including errors. */
export interface HostEvents extends BridgeEvents {
  /** A document or request was refused, or an operation failed. Values are unchanged. */
  'bridge:error': Error
}

export type BridgeStream = Pick<ReaderSession, 'state' | 'revision' | 'find' | 'on'> & {
  explain(id: string): Explanation
  close(): unknown
}

type Member = LocalPane | FrameMember

/** The single connection of a page, and the panes that use it. */
export class Bridge {
  private readonly listeners = new Listeners<Record<string, object>>()
  private readonly members = new Set<Member>()
  private readonly frames = new Map<object, FrameMember>()
  private readonly onMessage = (event: { data: unknown; origin: string; source: unknown }): void => {
    if (event.source !== null && typeof event.source === 'object') this.frames.get(event.source)?.receive(event)
  }

  /** `policies`: policies of the stream; `undefined` for all. `page`: `undefined` if there is no window, and so no frames. */
  constructor(
    private readonly stream: BridgeStream,
    private readonly clock: Clock,
    private readonly policies: readonly string[] | undefined,
    private readonly page: OwnWindow | undefined,
  ) {
    stream.on('change', ({ id, from, to, revision }) => this.changed({ id, from, to, revision, value: stream.find(id) ?? null }))
    stream.on('stale', (stale) => this.tellAll('bridge:stale', stale))
    stream.on('ready', (ready) => this.tellAll('bridge:ready', ready))
    stream.on('error', (error: ConnectionEvents['error']) => this.listeners.emit('bridge:error', error))
    page?.addEventListener('message', this.onMessage)
  }

  get state(): ConnectionState {
    return this.stream.state
  }

  get revision(): number {
    return this.stream.revision
  }

  get(id: string): PolicyValue {
    return this.explain(id).value
  }

  explain(id: string): Explanation {
    return this.stream.explain(id)
  }

  /** Adds a pane to this page. Throws `HMS_BRIDGE_PANE_INVALID`, `HMS_BRIDGE_NOT_FOLLOWED` or `HMS_BRIDGE_FULL`. */
  pane(options: PaneOptions): Pane {
    const { name, policies } = readPaneOptions(options)
    const pane: LocalPane = new LocalPane(name, policies, {
      state: () => this.state,
      explain: (id) => this.stream.explain(id),
      emit: (event, message) => this.publish(event, message, pane),
      close: () => remove(),
    })
    const remove = this.add(pane)
    return pane
  }

  /** Lets a frame join, by messages from and to the origin in `options` alone. Returns a function that removes the frame. */
  frame({ contentWindow: window }: { contentWindow: FrameWindow | null }, options: FrameOptions): () => void {
    if (window === null || this.page === undefined) throw invalid('the frame is not in the page')
    this.frames.get(window)?.close()
    const member = new FrameMember(window, options, this.clock, {
      status: () => this.stream,
      join: (joining) => this.add(joining),
      explain: (id) => (this.stream.find(id) === undefined ? undefined : this.stream.explain(id)),
      emit: (event, message) => this.publish(event, message, member),
    })
    this.frames.set(window, member)
    return () => {
      member.close()
      if (this.frames.get(window) === member) this.frames.delete(window)
    }
  }

  on<E extends keyof HostEvents>(event: E, listener: (detail: HostEvents[E]) => void): () => void
  on(event: string, listener: (message: PaneMessage) => void): () => void
  on(event: string, listener: (detail: never) => void): () => void {
    return this.listeners.on(event, listener as (detail: object) => void)
  }

  /** Sends a message to panes that declared `message.id`; as `policy:changed` they get the verified value, not the one in it. */
  emit(event: string, message: PaneMessage): void {
    if (event !== 'policy:changed') return this.publish(event, readMessage(event, message))
    const { id } = readMessage('changed', message)
    const value = this.stream.find(id) ?? null
    const version = value?.version ?? null
    this.changed({ id, from: version, to: version, revision: this.revision, value })
  }

  close(): void {
    this.page?.removeEventListener('message', this.onMessage)
    for (const member of [...this.members, ...this.frames.values()]) member.close()
    this.frames.clear()
    void this.stream.close()
  }

  private changed(change: PolicyChanged): void {
    this.tell('policy:changed', change)
    this.listeners.emit('policy:changed', change)
  }

  private publish(event: string, message: PaneMessage, from?: Member): void {
    this.tell(event, message, from)
    if (from !== undefined) this.listeners.emit(event, message)
  }

  /** Notifies the members that declared the id, except the sender `from`. Iterates over a copy: a listener may close or open panes. */
  private tell(event: string, detail: { id: string }, from?: Member): void {
    for (const member of new Set(this.members)) if (member !== from && member.policies.includes(detail.id)) member.deliver(event, detail)
  }

  private tellAll(event: 'bridge:stale' | 'bridge:ready', detail: object): void {
    for (const member of new Set(this.members)) member.deliver(event, detail)
    this.listeners.emit(event, detail)
  }

  /** Adds a member; returns a function that removes it. Throws `HMS_BRIDGE_NOT_FOLLOWED` or `HMS_BRIDGE_FULL`. */
  private add(member: Member): () => void {
    const other = this.policies === undefined ? undefined : member.policies.find((id) => !this.policies!.includes(id))
    if (other !== undefined) {
      const detail = `The connection does not follow ${other}: name it in openBridge({ policies }).`
      throw new HmsError('HMS_BRIDGE_NOT_FOLLOWED', detail, { status: 400 })
    }
    if (this.members.size >= MAX_PANES)
      throw new HmsError('HMS_BRIDGE_FULL', `A bridge has at most ${MAX_PANES} panes: close those that are not shown.`, { status: 409 })
    this.members.add(member)
    return () => this.members.delete(member)
  }
}
