/** Policy after a change; if none is in force, `version` is `null` and there is no scope. */
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

/** Builds a frame: `snapshot` lists all policies in force, `change` the changed ones, `heartbeat` proves that the connection is alive. */
export function frame(type: 'snapshot' | 'change' | 'heartbeat', revision: number, changes: readonly LocalChange[] = []): Buffer {
  return Buffer.from(`id: ${revision}\ndata: ${JSON.stringify({ type, revision, changes })}\n\n`)
}

/** Builds a state event. It has no id: a reader cut off right after it has not seen the changes of its revision yet. */
export function stateFrame(event: StateEvent): Buffer {
  return Buffer.from(`event: state\ndata: ${JSON.stringify(event)}\n\n`)
}
