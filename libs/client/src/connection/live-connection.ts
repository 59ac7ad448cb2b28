import { randomUUID } from 'node:crypto'
import { HmsError, type AlertReceipt, type AlertRequest, type Envelope, type StreamFrame } from '#libs/contracts'
import { SignatureError, STABLE_SCOPE } from '#libs/signing'
import type { ApiClient } from '../api/api-client.js'
import type { DocumentTrust } from '../trust/document-trust.js'
import type { PinnedRosters } from '../trust/pinned-rosters.js'
import type { ReaderTime } from '../trust/reader-time.js'
import type { Timer } from './clock.js'
import { Contact } from './contact.js'
import type { DiskCopy } from './disk-copy.js'
import type { InForce, Reader } from './evaluate.js'
import type { RefusedDocument } from './held-documents.js'
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
  rosters: PinnedRosters
  trust: DocumentTrust
  time: ReaderTime
  random?: () => number
}

/** Three heartbeats missed. */
const SILENCE_MS = 30_000
/** Refusals that are remembered: names in them are whatever somebody sent. */
const MAX_REFUSALS = 1_000
/** How often a server may make us ask it for rosters. */
const ROSTER_PAUSE_MS = 10_000
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
  /** What was refused last, by policy and scope: until something better comes for it, the copy is not all there is. */
  private readonly refusals = new Map<string, SignatureError>()
  private askedRostersAt = Number.NEGATIVE_INFINITY

  constructor(private readonly options: LiveConnectionOptions) {
    const { reader, api, token, trust, time, random } = options
    this.contact = new Contact(api.url)
    this.copy = new LocalCopy({ reader, admission: trust, clock: time, onExpiry: (changes) => this.announce(changes) })
    this.link = new StreamLink({ url: api.url, reader, token, clock: time, random }, {
      resumeFrom: () => this.resumePoint,
      opened: () => this.opened(),
      frame: (frame) => this.take(frame),
      down: (failure) => this.down(failure),
    })
  }

  get revision(): number {
    return this.copy.revision
  }

  /** Resolves on the first copy, live or from disk; rejects with `HMS_UNREACHABLE` after `timeoutMs` without either. */
  async open(timeoutMs: number): Promise<void> {
    const saved = await this.options.disk?.load()
    if (saved !== undefined) {
      this.options.trust.restore(saved.floors)
      const { refused } = this.copy.take(saved.revision, saved.documents)
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
    const ageMs = Math.max(0, this.options.time.now() - this.confirmedAt)
    const { state, options: { rosters: { kind: trust } } } = this
    return { value, version: value.version, revision: document.revision, source: this.source(), ageMs, state, trust, scope: head.scope }
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
    if (frame.freshness !== undefined) this.hear(frame.freshness)
    this.confirmedAt = this.options.time.now()
    if (frame.type === 'heartbeat') this.heartbeat(frame.revision)
    else this.apply(frame)
  }

  private apply({ revision, documents }: StreamFrame): void {
    const { refused, changes } = this.copy.take(revision, documents)
    for (const { id, scope } of documents) this.refusals.delete(`${id}@${scope}`)
    // Past a refused document there is no going on: the next connection starts from a snapshot.
    this.report(refused)
    this.resumePoint = this.refusals.size === 0 ? revision : undefined
    this.settle()
    this.announce(changes)
    this.options.disk?.save({ format: 2, revision, savedAt: this.confirmedAt, documents: this.copy.all(), floors: this.options.trust.remembered() })
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
    this.settle()
    if (!this.toldApplied) this.acknowledge()
  }

  /** In contact: ready, unless what is held cannot be all that is signed. */
  private settle(): void {
    this.origin = 'server'
    const refusal = [...this.refusals.values()][0]
    const code = refusal?.code ?? this.options.trust.doubt(this.copy.stableDigest())
    if (code === undefined) this.becomeReady()
    else this.becomeStale(refusal?.detail ?? 'rollout does not vouch for the stable heads that are held', code)
    this.contact.made()
  }

  /** A damaged word is no word: it is said, and the one before goes on ageing. */
  private hear(envelope: Envelope): void {
    try {
      if (this.options.trust.hear(envelope) > this.options.rosters.newest.version) this.followRosters()
    } catch (error) {
      if (!(error instanceof SignatureError)) throw error
      this.fail(refusalOf(error))
      this.followRosters()
    }
  }

  /** Somebody may have signed by a roster that is not known here yet. What was refused is asked for again under the new one. */
  private followRosters(): void {
    const { rosters, time } = this.options
    if (time.elapsed() - this.askedRostersAt < ROSTER_PAUSE_MS) return
    this.askedRostersAt = time.elapsed()
    rosters.follow().then(
      (moved) => {
        if (!moved || this.state === 'CLOSED') return
        this.resumePoint = undefined
        this.link.reconnect()
      },
      (error: unknown) => this.fail(error instanceof SignatureError ? refusalOf(error) : (error as Error)),
    )
  }

  private becomeReady(): void {
    if (this.state === 'READY') return
    this.state = 'READY'
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
    this.silence = this.options.time.after(SILENCE_MS, () => {
      this.becomeStale(`no frame for ${SILENCE_MS / 1000} s`)
      this.link.reconnect()
    })
  }

  private becomeStale(reason: string, code?: string): void {
    if (code === undefined) this.silence?.cancel()
    if (this.state !== 'READY') return
    this.state = 'STALE'
    this.listeners.emit('stale', { reason, ...(code === undefined ? {} : { code }) })
  }

  private report(refused: RefusedDocument[]): void {
    for (const { document, error } of refused) {
      // What comes before its time is in order; it is only not in force yet.
      if (error.code !== 'HMS_RELEASE_NOT_EFFECTIVE' && this.refusals.size < MAX_REFUSALS) this.refusals.set(`${document?.id}@${document?.scope}`, error)
      this.fail(refusalOf(error))
    }
    if (this.refusals.size > 0 && this.origin === 'server') this.followRosters()
  }

  private require(id: string): InForce {
    const value = this.copy.get(id)
    if (value !== undefined) return value
    const refusal = this.refusals.get(`${id}@${STABLE_SCOPE}`)
    if (refusal !== undefined) throw refusalOf(refusal)
    throw new HmsError('HMS_POLICY_NOT_FOUND', `no version of ${id} is in force here`, { status: 404, next: ['hms-svc runs list'] })
  }

  private source(): ValueSource {
    if (this.origin === 'disk') return 'disk'
    return this.state === 'READY' ? 'live' : 'cache'
  }
}

/** What was refused is the server's doing. */
function refusalOf({ code, detail }: SignatureError): HmsError {
  return new HmsError(code, `${detail}; what was held before stays in force`, { status: 502, next: ['hms-svc audit verify'] })
}
