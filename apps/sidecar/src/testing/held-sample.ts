import type { ConnectionEvents, Explanation, HeldDocumentSource } from '#libs/client'
import { HmsError } from '#libs/contracts'
import { EventEmitter } from 'node:events'
import type { HeldValues } from '../held-values.js'

/** Fake connection of a side-car, whose values a test sets. */
export class HeldSample implements HeldValues {
  state: HeldValues['state'] = 'READY'
  revision = 4
  ageMs = 0
  /** Code with which the document of each policy without a verified value was refused. */
  readonly refused = new Map<string, string>()
  private readonly values = new Map<string, { version: string; revision: number; scope: string }>()
  private readonly events = new EventEmitter()
  /** Empty: evaluations are tested with a real connection. */
  readonly documents: HeldDocumentSource = { policies: () => [], of: () => [], nowMs: () => 0, onChange: () => () => {} }

  /**
   * Puts versions in force, or with `null` removes them, all in one revision. A test passes the current revision for the end of a lease.
   */
  set(versions: Record<string, string | null>, revision = this.revision + 1, scope = 'global'): this {
    this.revision = revision
    const changes = Object.entries(versions).map(([id, to]) => ({ id, from: this.values.get(id)?.version ?? null, to, revision }))
    for (const { id, to } of changes) {
      if (to === null) this.values.delete(id)
      else this.values.set(id, { version: to, revision, scope })
    }
    for (const change of changes) this.events.emit('change', change)
    return this
  }

  setState(state: 'READY' | 'STALE', doubt: ConnectionEvents['stale'] = { reason: 'the connection was closed' }): void {
    this.state = state
    if (state === 'READY') this.events.emit('ready', { revision: this.revision })
    else this.events.emit('stale', doubt)
  }

  ids(): string[] {
    return [...this.values.keys()].sort()
  }

  explain(id: string): Explanation {
    const held = this.values.get(id)
    const code = this.refused.get(id)
    if (held === undefined && code !== undefined) throw new HmsError(code, 'refused', { status: 502 })
    if (held === undefined) throw new HmsError('HMS_POLICY_NOT_FOUND', `no version of ${id} is in force here`, { status: 404 })
    const value = { id, version: held.version, effective: '2024-09-01T00:00:00Z', limit: 35 }
    return { value, ...held, source: this.state === 'READY' ? 'live' : 'cache', ageMs: this.ageMs, state: this.state, trust: 'pinned' }
  }

  on<E extends keyof ConnectionEvents>(event: E, listener: (data: ConnectionEvents[E]) => void): () => void {
    this.events.on(event, listener)
    return () => this.events.off(event, listener)
  }
}
