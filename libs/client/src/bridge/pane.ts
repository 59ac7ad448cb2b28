import type { Json } from '#libs/contracts'
import type { PolicyValue } from '#libs/evaluation'
import type { ConnectionState, Explanation } from '../connection/hms-connection.js'

/** Change of a policy that a pane declared. `from`, `to` and `value` are `null` if no version was or is in force. */
export interface PolicyChanged {
  id: string
  from: string | null
  to: string | null
  revision: number
  value: PolicyValue | null
}

/** Message between panes about the policy `id`; delivered only to panes that declared it. */
export interface PaneMessage {
  id: string
  [member: string]: Json | undefined
}

/** Events of the bridge. A pane cannot emit them. */
export interface BridgeEvents {
  'policy:changed': PolicyChanged
  /** Values are unchanged. `code` is set if the copy is in doubt. */
  'bridge:stale': { reason: string; code?: string }
  'bridge:ready': { revision: number }
}

/** Part of a page that shows the policies it declared, and gets events of these only. */
export interface Pane {
  readonly name: string
  readonly policies: readonly string[]
  readonly state: ConnectionState
  /** Returns the frozen policy in force without I/O. Throws `HMS_BRIDGE_NOT_DECLARED`, or `HMS_POLICY_NOT_FOUND` if none is in force. */
  get(id: string): PolicyValue
  /** Returns the policy with its source, age and trust. */
  explain(id: string): Explanation
  /** Adds a listener; returns a function that removes it. */
  on<E extends keyof BridgeEvents>(event: E, listener: (detail: BridgeEvents[E]) => void): () => void
  on(event: string, listener: (message: PaneMessage) => void): () => void
  /** Sends a message to the other panes that declared `message.id`, and to the host page. A message is JSON of at most 64 KiB. */
  emit(event: string, message: PaneMessage): void
  close(): void
}

export interface PaneOptions {
  /** Name for diagnostics. */
  name?: string
  policies: readonly string[]
}
