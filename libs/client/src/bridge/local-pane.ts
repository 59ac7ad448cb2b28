import type { PolicyValue } from '#libs/evaluation'
import type { ConnectionState, Explanation } from '../connection/hms-connection.js'
import { Listeners } from '../connection/listeners.js'
import type { Pane, PaneMessage } from './pane.js'
import { notDeclared, readMessage } from './pane-bounds.js'

/** Source of a pane's values: the bridge in the same page or, inside a frame, the `HostChannel` to the host page's bridge. */
export interface PaneHost {
  state(): ConnectionState
  explain(id: string): Explanation
  emit(event: string, message: PaneMessage): void
  close(): void
}

/** Pane for the code that opened it. */
export class LocalPane implements Pane {
  private readonly listeners = new Listeners<Record<string, object>>()
  private readonly declared: ReadonlySet<string>
  private isClosed = false

  constructor(
    readonly name: string,
    readonly policies: readonly string[],
    private readonly host: PaneHost,
  ) {
    this.declared = new Set(policies)
  }

  get state(): ConnectionState {
    return this.isClosed ? 'CLOSED' : this.host.state()
  }

  get(id: string): PolicyValue {
    return this.explain(id).value
  }

  explain(id: string): Explanation {
    this.require(id)
    return this.host.explain(id)
  }

  on(event: string, listener: (detail: never) => void): () => void {
    return this.listeners.on(event, listener as (detail: object) => void)
  }

  emit(event: string, message: PaneMessage): void {
    if (this.isClosed) return
    const read = readMessage(event, message)
    this.require(read.id)
    this.host.emit(event, read)
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.host.close()
  }

  deliver(event: string, detail: object): void {
    if (!this.isClosed) this.listeners.emit(event, detail)
  }

  private require(id: string): void {
    if (!this.declared.has(id)) throw notDeclared(this.name, id)
  }
}
