import { randomUUID } from 'node:crypto'
import { HmsError, type AlertReceipt, type AlertRequest, type ConfigDocument, type StreamFrame } from '#libs/contracts'
import type { ApiClient } from '../api/api-client.js'
import type { Admission } from './admit.js'
import type { Clock, Timer } from './clock.js'
import { Contact } from './contact.js'
import type { DiskCopy } from './disk-copy.js'
import type { InForce, Reader } from './evaluate.js'
import type {
  AlertInput, ConnectionEvents, ConnectionState, Explanation, HmsConnection, PolicyValue, ValueSource,
} from './hms-connection.js'
import { Listeners } from './listeners.js'
import { LocalCopy, type Change } from './local-copy.js'
import { StreamLink, type LinkFailure } from './stream-link.js'

export interface LiveConnectionOptions {
  reader: Reader
  api: ApiClient
  token?: string
  disk: DiskCopy | null
  admission: Admission
  clock: Clock
  random?: () => number
}

/** Three heartbeats missed. */
const SILENCE_MS = 30_000
/** How long a copy on disk waits for the server's own word, while the server neither answers nor refuses. */
const LIVE_GRACE_MS = 1_000

/** The local copy kept up to date over one stream. */
export class LiveConnection implements HmsConnection {
  state: ConnectionState = 'STALE'
  private readonly listeners = new Listeners<ConnectionEvents>()
  private readonly contact: Contact
  private readonly copy: LocalCopy
  private readonly link: StreamLink
  private resumePoint: number | undefined
  private origin: 'nothing' | 'disk' | 'server' = 'nothing'
  private confirmedAt = 0
  private silence: Timer | undefined
  private toldApplied = false

  constructor(private readonly options: LiveConnectionOptions) {
    const { reader, api, token, admission, clock, random } = options
    this.contact = new Contact(api.url)
    this.copy = new LocalCopy({ reader, admission, clock, onExpiry: (changes) => this.announce(changes) })
    this.link = new StreamLink({ url: api.url, reader, token, clock, random }, {
      resumeFrom: () => this.resumePoint,
      opened: () => this.opened(),
      frame: (frame) => this.take(frame),
      down: (failure) => this.down(failure),
    })
  }

  /** Resolves on the first copy, live or from disk; rejects with `HMS_UNREACHABLE` after `timeoutMs` without either. */
  async open(timeoutMs: number): Promise<void> {
    const saved = await this.options.disk?.load()
    if (saved !== undefined) {
      const { refused } = this.copy.take('snapshot', saved.revision, saved.documents)
      this.resumePoint = refused.length === 0 ? saved.revision : undefined
      this.origin = 'disk'
      this.confirmedAt = saved.savedAt
      this.report(refused)
    }
    this.link.start()
    // What the server says now is better than what it said once: the disk speaks only when the server does not.
    if (saved === undefined) await this.whenReady(timeoutMs)
    else await this.contact.wait(Math.min(LIVE_GRACE_MS, timeoutMs), true).catch(() => undefined)
  }

  async whenReady(timeoutMs: number): Promise<void> {
    if (this.state !== 'READY') await this.contact.wait(timeoutMs)
  }

  find(id: string): PolicyValue | undefined {
    return this.copy.get(id)?.held.value
  }

  get(id: string): PolicyValue {
    return this.require(id).held.value
  }

  explain(id: string): Explanation {
    const { document, head, value } = this.require(id).held
    const ageMs = Math.max(0, this.options.clock.now() - this.confirmedAt)
    const source = this.source()
    return { value, version: value.version, revision: document.revision, source, ageMs, state: this.state, scope: head.scope }
  }

  ids(): string[] {
    return this.copy.ids()
  }

  on<E extends keyof ConnectionEvents>(event: E, listener: (data: ConnectionEvents[E]) => void): () => void {
    return this.listeners.on(event, listener)
  }

  async alert({ kind, value, reading = null, id = randomUUID(), policy, version }: AlertInput): Promise<void> {
    const { bot, region = '' } = this.options.reader
    if (bot === undefined) {
      throw new HmsError('HMS_ALERT_BOT_REQUIRED', 'an alert comes from a bot: name it in connect({ bot }) or HMS_BOT', { status: 400 })
    }
    const alert: AlertRequest = { id, bot, region, kind, reading, value, policy, version }
    await this.options.api.post<AlertReceipt>('/v1/alerts', alert, { idempotencyKey: id })
  }

  async close(): Promise<void> {
    this.state = 'CLOSED'
    this.silence?.cancel()
    this.copy.stop()
    await this.link.stop()
    await this.options.disk?.settled()
  }

  /** For whoever made the copy on disk: what went wrong with it. */
  fail(error: Error): void {
    this.listeners.emit('error', error)
  }

  private opened(): void {
    this.toldApplied = false
    this.watchSilence()
  }

  private take(frame: StreamFrame): void {
    if (this.state === 'CLOSED') return
    this.watchSilence()
    this.confirmedAt = this.options.clock.now()
    if (frame.type === 'heartbeat') this.heartbeat(frame.revision)
    else this.apply(frame.type, frame)
  }

  private apply(type: 'snapshot' | 'change', { revision, documents }: StreamFrame): void {
    const { refused, changes } = this.copy.take(type, revision, documents)
    // Past a refused document there is no going on: the next connection starts from a snapshot.
    this.resumePoint = refused.length === 0 ? revision : undefined
    this.becomeReady()
    this.announce(changes)
    this.report(refused)
    this.options.disk?.save({ format: 1, revision, savedAt: this.confirmedAt, documents: this.copy.all() })
  }

  private heartbeat(revision: number): void {
    if (revision < this.copy.revision) {
      // The store was set up anew and counts from the start: only a snapshot tells what it holds.
      this.resumePoint = undefined
      this.link.reconnect()
      return
    }
    // Who asked for a snapshot has nothing to confirm before it came.
    if (this.resumePoint === undefined) return
    this.becomeReady()
    if (!this.toldApplied) this.acknowledge()
  }

  private becomeReady(): void {
    this.origin = 'server'
    if (this.state === 'READY') return
    this.state = 'READY'
    this.contact.made()
    this.listeners.emit('ready', { revision: this.copy.revision })
  }

  /** Acknowledges first: the values are in force already, and a listener may take its time. */
  private announce(changes: Change[]): void {
    this.acknowledge()
    for (const change of changes) this.listeners.emit('change', change)
  }

  private acknowledge(): void {
    if (this.options.reader.bot === undefined) return
    this.toldApplied = true
    this.link.send({ type: 'applied', revision: this.copy.revision, applied: this.copy.applied() })
  }

  private down(failure: LinkFailure): void {
    if (failure.damaged === true) this.resumePoint = undefined
    this.becomeStale(failure.reason)
    if (failure.refused !== undefined) this.listeners.emit('error', failure.refused)
    this.contact.failed(failure)
  }

  private watchSilence(): void {
    this.silence?.cancel()
    this.silence = this.options.clock.after(SILENCE_MS, () => {
      this.becomeStale(`no frame for ${SILENCE_MS / 1000} s`)
      this.link.reconnect()
    })
  }

  private becomeStale(reason: string): void {
    this.silence?.cancel()
    if (this.state !== 'READY') return
    this.state = 'STALE'
    this.listeners.emit('stale', { reason })
  }

  private report(refused: ConfigDocument[]): void {
    for (const { id, scope, seq } of refused) {
      const why = 'the document is not what its digest says; the copy before stays in force'
      this.fail(new HmsError('HMS_DOCUMENT_REFUSED', `${id} in scope ${scope}, seq ${seq}: ${why}`, { status: 502 }))
    }
  }

  private require(id: string): InForce {
    const value = this.copy.get(id)
    if (value !== undefined) return value
    throw new HmsError('HMS_POLICY_NOT_FOUND', `no version of ${id} is in force here`, { status: 404, next: ['hms-svc runs list'] })
  }

  private source(): ValueSource {
    if (this.origin === 'disk') return 'disk'
    return this.state === 'READY' ? 'live' : 'cache'
  }
}
