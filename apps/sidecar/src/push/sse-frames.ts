/** What is in force after a change; `version` is `null`, and there is no scope, where nothing is. */
export interface LocalChange {
  id: string
  version: string | null
  scope?: string
}

export interface StateEvent {
  state: 'READY' | 'STALE'
  reason?: string
  code?: string
}

/** `snapshot` lists all that is in force; `change` what moved; `heartbeat` proves life. */
export function frame(type: 'snapshot' | 'change' | 'heartbeat', revision: number, changes: readonly LocalChange[] = []): Buffer {
  return Buffer.from(`id: ${revision}\ndata: ${JSON.stringify({ type, revision, changes })}\n\n`)
}

/** Without an id: who is cut off right behind it has not seen the changes of its revision yet. */
export function stateFrame(event: StateEvent): Buffer {
  return Buffer.from(`event: state\ndata: ${JSON.stringify(event)}\n\n`)
}
