import { deepFreeze, HmsError } from '#libs/contracts'
import type { PolicyValue } from '#libs/evaluation'
import type { ConnectionEvents, ConnectionState, Explanation } from '../../connection/hms-connection.js'
import { Listeners } from '../../connection/listeners.js'
import type { BridgeStream } from '../bridge.js'

/** Fake stream whose values a test sets. */
export class FakeStream implements BridgeStream {
  state: ConnectionState = 'READY'
  revision = 0
  private readonly values = new Map<string, PolicyValue>()
  private readonly listeners = new Listeners<ConnectionEvents>()

  /** Sets a version; `null` withdraws the policy. */
  put(id: string, version: string | null, limit = 0): void {
    const from = this.values.get(id)?.version ?? null
    this.revision++
    if (version === null) this.values.delete(id)
    else this.values.set(id, deepFreeze({ id, version, effective: '2024-09-01T00:00:00Z', limit }))
    this.listeners.emit('change', { id, from, to: version, revision: this.revision })
  }

  stale(reason: string): void {
    this.state = 'STALE'
    this.listeners.emit('stale', { reason })
  }

  find(id: string): PolicyValue | undefined {
    return this.values.get(id)
  }

  explain(id: string): Explanation {
    const value = this.values.get(id)
    if (value === undefined) throw new HmsError('HMS_POLICY_NOT_FOUND', `no version of ${id} is in force here`, { status: 404 })
    const { version } = value
    return { value, version, revision: this.revision, source: 'live', ageMs: 0, state: this.state, trust: 'pinned', scope: 'global' }
  }

  on<E extends keyof ConnectionEvents>(event: E, listener: (data: ConnectionEvents[E]) => void): () => void {
    return this.listeners.on(event, listener)
  }

  close(): void {
    this.state = 'CLOSED'
  }
}
