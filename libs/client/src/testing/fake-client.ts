import { randomUUID } from 'node:crypto'
import { deepFreeze, HmsError } from '#libs/contracts'
import { Listeners } from '../connection/listeners.js'
import { awaitReady } from '../connection/contact.js'
import {
  type AlertInput,
  type ConnectionEvents,
  type ConnectionState,
  type Explanation,
  type HmsConnection,
  type PolicyValue,
  type ReadyOptions,
  requireReading,
} from '../connection/hms-connection.js'
import { requireKnownOptions } from '../known-options.js'
import type { TypedConnection } from '../policy-types.js'

/** Policy of a test; `version` and `effective` have defaults. */
export type FakePolicy = { id: string; version?: string; effective?: string; [field: string]: PolicyValue[string] }

export interface FakeClient extends TypedConnection {
  /** Puts a policy in force, as a change from the server would. */
  set(policy: FakePolicy): void
  /** Takes a policy out of force. */
  withdraw(id: string): void
  /** Makes the connection stale, ready again, or refused by the server. */
  setState(state: 'READY' | 'STALE' | 'ERROR'): void
  /** Reported alerts, in order. */
  readonly alerts: readonly (AlertInput & { id: string })[]
}

/**
 * Creates an in-memory connection for tests of programs that read policies: no server, no clock, no I/O. The test changes policies by
 * calls.
 */
export function fakeClient(options: { policies?: readonly FakePolicy[] } = {}): FakeClient {
  requireKnownOptions('fakeClient', options, ['policies'])
  const { policies = [] } = options
  const client = new InMemoryClient()
  for (const policy of policies) client.set(policy)
  return client
}

class InMemoryClient implements HmsConnection, FakeClient {
  state: ConnectionState = 'READY'
  readonly alerts: (AlertInput & { id: string })[] = []
  revision = 0
  private readonly values = new Map<string, { value: PolicyValue; revision: number }>()
  private readonly listeners = new Listeners<ConnectionEvents>()

  set({ version = '1.0.0', effective = '1970-01-01T00:00:00Z', ...rest }: FakePolicy): void {
    const value = deepFreeze(structuredClone({ version, effective, ...rest }))
    const from = this.values.get(value.id)?.value.version ?? null
    this.values.set(value.id, { value, revision: ++this.revision })
    this.listeners.emit('change', { id: value.id, from, to: version, revision: this.revision })
  }

  withdraw(id: string): void {
    const from = this.require(id).value.version
    this.values.delete(id)
    this.listeners.emit('change', { id, from, to: null, revision: ++this.revision })
  }

  setState(state: 'READY' | 'STALE' | 'ERROR'): void {
    if (state === this.state) return
    const before = this.state
    this.state = state
    if (state === 'READY') return this.listeners.emit('ready', { revision: this.revision })
    if (before === 'READY') this.listeners.emit('stale', { reason: 'set by the test' })
    if (state === 'ERROR') this.listeners.emit('error', new HmsError('HMS_AUTH_TOKEN_REVOKED', 'set by the test', { status: 401 }))
  }

  ready(options?: ReadyOptions): Promise<ConnectionState> {
    return awaitReady(this, options)
  }

  get<D = PolicyValue>(id: string, fallback?: D): PolicyValue | D {
    return fallback !== undefined && !this.values.has(id) ? fallback : this.require(id).value
  }

  explain<D = PolicyValue>(id: string, fallback?: D): Explanation<PolicyValue | D> {
    const { revision: newest, state } = this
    if (fallback !== undefined && !this.values.has(id)) {
      const code = 'HMS_POLICY_NOT_FOUND'
      return { value: fallback, version: '', revision: newest, source: 'default', ageMs: 0, state, trust: 'pinned', scope: '', code }
    }
    const { value, revision } = this.require(id)
    const source = this.state === 'READY' ? 'live' : 'cache'
    return { value, version: value.version, revision, source, ageMs: 0, state: this.state, trust: 'pinned', scope: 'global' }
  }

  ids(): string[] {
    return [...this.values.keys()].sort()
  }

  on<E extends keyof ConnectionEvents>(event: E, listener: (data: ConnectionEvents[E]) => void): () => void {
    return this.listeners.on(event, listener)
  }

  async alert(alert: AlertInput): Promise<void> {
    requireReading(alert.reading ?? null)
    this.alerts.push({ ...alert, id: alert.id ?? randomUUID() })
  }

  async close(): Promise<void> {
    this.state = 'CLOSED'
  }

  private require(id: string): { value: PolicyValue; revision: number } {
    const held = this.values.get(id)
    if (held !== undefined) return held
    throw new HmsError('HMS_POLICY_NOT_FOUND', `the test has put no ${id} in force`, { status: 404 })
  }
}
