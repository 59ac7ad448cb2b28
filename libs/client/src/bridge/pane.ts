import type { Json } from '#libs/contracts'
import type { PolicyValue } from '#libs/evaluation'
import type { ConnectionState, Explanation } from '../connection/hms-connection.js'

/** A rule that a pane shows is another one now, or none: `value` is `null` then. Versions are `null` where none was or is in force. */
export interface PolicyChanged {
  id: string
  from: string | null
  to: string | null
  revision: number
  value: PolicyValue | null
}

/** What panes say to each other: always about one policy, and only those hear it that declared its id. */
export interface PaneMessage {
  id: string
  [member: string]: Json | undefined
}

/** What the bridge says by itself. No pane can say it in its place. */
export interface BridgeEvents {
  'policy:changed': PolicyChanged
  /** Values stay as they were. `code` where the reason is one of trust. */
  'bridge:stale': { reason: string; code?: string }
  'bridge:ready': { revision: number }
}

/** A part of the page that shows some policies. It hears of these alone. */
export interface Pane {
  readonly name: string
  /** The ids that it declared. */
  readonly policies: readonly string[]
  readonly state: ConnectionState
  /**
   * The rule in force, frozen; no I/O. Throws `HMS_BRIDGE_NOT_DECLARED` for an id that this pane did not declare, and
   * `HMS_POLICY_NOT_FOUND` when no version is in force.
   */
  get(id: string): PolicyValue
  /** The same with where it comes from, how old it is and how far to trust it. */
  explain(id: string): Explanation
  /** Returns a function that takes the listener off again. */
  on<E extends keyof BridgeEvents>(event: E, listener: (detail: BridgeEvents[E]) => void): () => void
  on(event: string, listener: (message: PaneMessage) => void): () => void
  /** To the other panes that declared `message.id`, and to the host. JSON, 64 KiB at most. */
  emit(event: string, message: PaneMessage): void
  close(): void
}

export interface PaneOptions {
  /** For people who look for what went wrong. */
  name?: string
  /** Ids of the policies that the pane shows. */
  policies: readonly string[]
}
