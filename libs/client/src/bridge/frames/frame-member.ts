import { HmsError } from '#libs/contracts'
import type { Clock } from '../../clock.js'
import type { ConnectionState, Explanation } from '../../connection/hms-connection.js'
import type { BridgeEvents, PaneMessage, PolicyChanged } from '../pane.js'
import { namedOrigin, notDeclared, readMessage, readPaneOptions } from '../pane-bounds.js'
import {
  type FrameOptions,
  type FrameWindow,
  fromFrame,
  type FromFrame,
  type FromHost,
  type MessageFromWindow,
  written,
} from './messages.js'

export interface FrameHost {
  status(): { state: ConnectionState; revision: number }
  /** Adds the frame, or throws if it may not join. Returns a function that removes it. */
  join(member: FrameMember): () => void
  explain(id: string): Explanation | undefined
  emit(event: string, message: PaneMessage): void
}

/** Rate limit of a frame's messages: burst, and refill per second. A frame that exceeds the limit is removed. */
const BURST = 100
const REFILL_PER_SECOND = 20

/** Host end of the channel to one frame. Accepts only messages from the frame's window and origin. A reloaded frame joins again. */
export class FrameMember {
  policies: readonly string[] = []
  private readonly origin: string
  private readonly allowed: ReadonlySet<string> | undefined
  private name = 'frame'
  private leave: (() => void) | undefined
  private allowance = BURST
  private countedAt: number
  private isRemoved = false

  constructor(
    private readonly window: FrameWindow,
    { origin, policies }: FrameOptions,
    private readonly clock: Clock,
    private readonly host: FrameHost,
  ) {
    this.origin = namedOrigin(origin)
    this.allowed = policies === undefined ? undefined : new Set(policies)
    this.countedAt = clock.elapsed()
  }

  /** Handles a message of this frame's window, which the caller has checked. */
  receive({ data, origin }: Omit<MessageFromWindow, 'source'>): void {
    const message = origin === this.origin && !this.isRemoved ? fromFrame(data) : undefined
    if (message === undefined) return
    if (!this.isWithinBounds()) return this.removeFrame('HMS_BRIDGE_FLOOD', `pane ${this.name} sent too many messages at once`)
    try {
      this.handle(message)
    } catch (error) {
      if (!(error instanceof HmsError)) throw error
      this.send({ type: 'refused', code: error.code, detail: error.detail })
    }
  }

  deliver(event: string, detail: object): void {
    if (this.leave === undefined) return
    if (event === 'policy:changed') {
      const { value: _value, ...change } = detail as PolicyChanged
      this.send({ type: 'changed', change, explanation: this.host.explain(change.id) ?? null })
    } else if (event === 'bridge:stale' || event === 'bridge:ready')
      this.send({ type: 'state', state: this.host.status().state, event, detail: detail as BridgeEvents[typeof event] })
    else this.send({ type: 'told', event, message: detail as PaneMessage })
  }

  close(): void {
    if (!this.isRemoved) this.removeFrame('HMS_BRIDGE_CLOSED', 'the host closed the bridge')
  }

  private handle(message: FromFrame): void {
    switch (message.type) {
      case 'join':
        return this.join(message)
      case 'emit':
        return this.emit(message.event, message.message)
      case 'leave':
        return this.leaveBridge()
    }
  }

  private join({ name, policies }: FromFrame & { type: 'join' }): void {
    this.leaveBridge()
    const read = readPaneOptions({ name, policies })
    const forbidden = this.allowed === undefined ? undefined : read.policies.find((id) => !this.allowed!.has(id))
    if (forbidden !== undefined)
      throw new HmsError('HMS_BRIDGE_NOT_ALLOWED', `The host does not let this frame declare ${forbidden}.`, { status: 403 })
    this.name = read.name
    this.policies = read.policies
    this.leave = this.host.join(this)
    const values = Object.fromEntries(read.policies.map((id) => [id, this.host.explain(id) ?? null]))
    const { state, revision } = this.host.status()
    this.send({ type: 'welcome', state, revision, values })
  }

  private emit(event: string, message: PaneMessage): void {
    if (this.leave === undefined) return
    const read = readMessage(event, message)
    if (!this.policies.includes(read.id)) throw notDeclared(this.name, read.id)
    this.host.emit(event, read)
  }

  private leaveBridge(): void {
    this.leave?.()
    this.leave = undefined
    this.policies = []
  }

  private removeFrame(code: string, detail: string): void {
    this.send({ type: 'refused', code, detail })
    this.leaveBridge()
    this.isRemoved = true
  }

  private send(message: FromHost): void {
    this.window.postMessage(written(message), this.origin)
  }

  private isWithinBounds(): boolean {
    const now = this.clock.elapsed()
    this.allowance = Math.min(BURST, this.allowance + ((now - this.countedAt) / 1_000) * REFILL_PER_SECOND)
    this.countedAt = now
    this.allowance--
    return this.allowance >= 0
  }
}
