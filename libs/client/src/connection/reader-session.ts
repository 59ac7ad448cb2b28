import { HmsError, type ConfigDocument, type Envelope, type StandingProof } from '#libs/contracts'
import type { InForce, Reader } from '#libs/evaluation'
import { SignatureError } from '#libs/signing'
import { DocumentTrust } from '../trust/document-trust.js'
import { StableHeadProofs } from '../trust/freshness-watch.js'
import { ReaderTime } from '../trust/reader-time.js'
import { awaitReady, type Contact } from './contact.js'
import type { Feed, ReaderOptions, ApplyOptions } from './feed.js'
import { documentKey, type RefusedDocument } from './held-documents.js'
import {
  requireReading,
  type AlertInput,
  type ConnectionEvents,
  type ConnectionState,
  type Explanation,
  type HeldDocumentSource,
  type HmsConnection,
  type PolicyValue,
  type ReadyOptions,
  type ValueSource,
} from './hms-connection.js'
import { Listeners } from './listeners.js'
import { LocalCopy, type Change } from './local-copy.js'
import { refusalOf, Refusals, relevantRefusals } from './refusals.js'

/** Minimum interval in ms between roster requests, because a sender's documents can trigger them. */
const ROSTER_PAUSE_MS = 10_000
/** Correction of the reader's time by a signed time, in ms, above which values in force are re-evaluated. */
const JUMP_MS = 100

/** One reader over any feed: its documents, refusals, state and values. The feed reports contact by `updateState` and `becomeStale`. */
export class ReaderSession implements HmsConnection {
  state: ConnectionState = 'STALE'
  private refusedBy: HmsError | undefined
  /** Code of the doubt in state `STALE`; `undefined` if only contact was lost. */
  private code: string | undefined
  private readonly listeners = new Listeners<ConnectionEvents>()
  private readonly appliedListeners = new Set<() => void>()
  readonly copy: LocalCopy
  private readonly feed: Feed
  private origin: 'nothing' | 'disk' | 'server' = 'nothing'
  private confirmedAt = 0
  private readonly refusals = new Refusals()
  /** Set for a reader with named policies, if the feed is a server: this reader does not receive the heads of other policies. */
  private readonly proofs: StableHeadProofs | undefined
  private rostersRequestedAt = Number.NEGATIVE_INFINITY
  readonly documents: HeldDocumentSource
  readonly contact: Contact
  readonly time: ReaderTime
  private readonly trust: DocumentTrust

  constructor(
    private readonly options: ReaderOptions,
    feed: (session: ReaderSession) => Feed,
  ) {
    const { reader, policies, rosters, clock, fromLog } = options
    const time = (this.time = new ReaderTime(clock))
    const trust = (this.trust = new DocumentTrust(() => rosters.newest, time))
    this.copy = new LocalCopy({ reader, policies, trust, clock: time, onExpiry: (changes) => this.announce(changes) })
    this.proofs = policies === undefined || fromLog === true ? undefined : new StableHeadProofs(policies)
    const { documents } = this.copy
    this.documents = {
      policies: () => documents.policies(),
      of: (id) => documents.documentsOf(id),
      nowMs: () => time.now(),
      onChange: (listener) => {
        this.appliedListeners.add(listener)
        return () => this.appliedListeners.delete(listener)
      },
    }
    this.contact = options.contact
    this.feed = feed(this)
  }

  get revision(): number {
    return this.copy.revision
  }

  get reader(): Reader {
    return this.options.reader
  }

  /** The server's refusal in state `ERROR`, for listeners added later. */
  get refusal(): HmsError | undefined {
    return this.state === 'ERROR' ? this.refusedBy : undefined
  }

  /** Whether no document is refused at present. */
  get complete(): boolean {
    return this.refusals.any === undefined
  }

  /** Resolves on the first copy, from the feed or from disk. Without either, closes and rejects after `timeoutMs`. */
  async open(timeoutMs: number): Promise<this> {
    try {
      const saved = await this.load()
      this.feed.start(saved === 'whole' ? this.revision : undefined)
      await this.contact.first(timeoutMs, saved !== undefined)
      return this
    } catch (error) {
      await this.close()
      throw error
    }
  }

  ready(options?: ReadyOptions): Promise<ConnectionState> {
    return awaitReady(this, options)
  }

  async whenReady(timeoutMs: number): Promise<void> {
    if (this.state !== 'READY') await this.contact.wait(timeoutMs)
  }

  async alert({ kind, value, reading = null, id = crypto.randomUUID(), policy, version }: AlertInput): Promise<void> {
    const { reader, api } = this.options
    const { bot, region = '' } = reader
    if (api === undefined) throw new TypeError('a follower of a log cannot send alerts')
    if (bot === undefined)
      throw new HmsError('HMS_ALERT_BOT_REQUIRED', 'an alert comes from a bot: name it in connect({ bot }) or HMS_BOT', { status: 400 })
    requireReading(reading)
    await api.post('/v1/alerts', { id, bot, region, kind, reading, value, policy, version })
  }

  /** Loads the disk copy. Returns `undefined` if there is none, `whole` if all documents still verify, `part` otherwise. */
  private async load(): Promise<'whole' | 'part' | undefined> {
    const { floors, documents: saved } = (await this.options.disk?.load()) ?? {}
    if (floors !== undefined) this.trust.restore(floors)
    if (saved === undefined) return undefined
    // All saved policies are passed as `bundleSiblings`, so that `apply` drops none of them.
    const bundleSiblings = saved.documents.map((document) => document?.id)
    const { refused } = this.copy.apply(saved.revision, saved.documents, bundleSiblings)
    this.origin = 'disk'
    this.confirmedAt = saved.savedAt
    this.report(refused)
    return refused.length === 0 ? 'whole' : 'part'
  }

  /** Applies documents that take effect together. */
  apply(revision: number, documents: readonly ConfigDocument[], options: ApplyOptions = {}): void {
    const { more = false, bundleSiblings = [], isSnapshot = false, erased = [] } = options
    const { refused, changes } = this.copy.apply(revision, documents, bundleSiblings)
    this.proofs?.invalidate()
    if (isSnapshot) this.forgetRefusals() // guard: refusals-until-snapshot
    this.refusals.drop(documents.map(documentKey))
    this.report(this.options.fromLog === true ? relevantRefusals(documents, refused, more) : refused)
    // A refused document that was then removed from the log causes no doubt.
    this.refusals.drop(erased)
    const { policies } = this.options
    if (policies !== undefined) this.refusals.keepOnly([...policies, ...bundleSiblings])
    if (!more) this.updateState()
    this.announce(changes)
    this.options.disk?.save({ revision, savedAt: this.confirmedAt, documents: this.copy.documents.all(), ...this.trust.remembered() })
  }

  /** Clears refusals before a full set of documents. Rollout's freshness statement shows whether a stable head is missing. */
  forgetRefusals(): void {
    this.refusals.clear()
  }

  /** Stores proofs that this reader's heads are among all stable heads. Called before `takeFreshness` with the statement on all heads. */
  prove(standing: Readonly<Record<string, StandingProof>>): void {
    this.proofs?.replace(standing)
  }

  /** Applies a freshness statement. An invalid statement is reported and ignored, so the previous statement keeps ageing. */
  takeFreshness(envelope: Envelope): void {
    const { trust, time } = this
    const { rosters } = this.options
    const before = time.now()
    try {
      if (trust.acceptFreshness(envelope) > rosters.newest.version) this.followRosters()
      if (Math.abs(time.now() - before) > JUMP_MS) this.copy.reevaluate()
    } catch (error) {
      if (!(error instanceof SignatureError)) throw error
      this.emitError(refusalOf(error))
      this.followRosters()
    }
  }

  /** Fetches newer rosters, at most every ten seconds: a document may be signed with keys of a roster not known yet. */
  followRosters(): void {
    const { time } = this
    const { rosters } = this.options
    if (time.elapsed() - this.rostersRequestedAt < ROSTER_PAUSE_MS) return
    this.rostersRequestedAt = time.elapsed()
    const before = rosters.newest
    void rosters
      .follow()
      .catch((error: unknown) => this.emitError(error instanceof SignatureError ? refusalOf(error) : (error as Error)))
      .then(() => {
        if (rosters.newest !== before && this.state !== 'CLOSED') this.feed.rosterChanged()
      })
  }

  /** Verifies the held and the refused documents again, by the newest roster. The state follows with the next frame. */
  reverify(): void {
    const documents = [...this.copy.documents.all(), ...this.refusals.documents()] // guard: refused-verified-by-newer-roster
    this.apply(this.revision, documents, { more: true, bundleSiblings: documents.map(({ id }) => id) })
  }

  /** Records that an up-to-date source confirmed the copy just now. */
  confirm(): void {
    this.confirmedAt = this.time.now()
  }

  /** Updates the state on contact: READY, or STALE if the reader is in doubt. Returns the code of the doubt. */
  updateState(): string | undefined {
    this.origin = 'server'
    const refusal = this.refusals.any
    const code = refusal?.code ?? this.doubt()
    if (code === undefined) this.becomeReady()
    else this.becomeStale(refusal?.detail ?? this.reasonFor(code), code)
    if (code === 'HMS_ROSTER_EXPIRED') this.followRosters()
    return code
  }

  /** Sets state ERROR after the server's refusal of this reader; reported once. */
  enterError(error: HmsError): void {
    if (this.state === 'CLOSED' || this.state === 'ERROR') return
    this.becomeStale(error.message, error.code)
    this.state = 'ERROR'
    this.refusedBy = error
    this.emitError(error)
  }

  /** Sets state STALE. A code is reported once, even before the reader was ever ready. Without a code, state ERROR stays. */
  becomeStale(reason: string, code?: string): void {
    if (this.state === 'CLOSED' || (this.state === 'ERROR' && code === undefined)) return
    const mustReport = this.state === 'READY' || (code !== undefined && code !== this.code)
    this.state = 'STALE'
    this.code = code
    if (mustReport) this.listeners.emit('stale', { reason, ...(code === undefined ? {} : { code }) })
  }

  find(id: string): PolicyValue | undefined {
    return this.copy.get(id)?.held.value
  }

  get<D = PolicyValue>(id: string, fallback?: D): PolicyValue | D {
    return fallback !== undefined && this.copy.get(id) === undefined ? fallback : this.require(id).held.value
  }

  explain<D = PolicyValue>(id: string, fallback?: D): Explanation<PolicyValue | D> {
    const { state, options, code } = this
    const trust = options.rosters.kind
    if (fallback !== undefined && this.copy.get(id) === undefined) {
      const why = this.refusals.ofStable(id)?.code ?? 'HMS_POLICY_NOT_FOUND'
      return { value: fallback, version: '', revision: this.revision, source: 'default', ageMs: 0, state, trust, scope: '', code: why }
    }
    const { document, head, value } = this.require(id).held
    return {
      value,
      version: value.version,
      revision: document.revision,
      source: this.source(),
      ageMs: Math.max(0, this.time.now() - this.confirmedAt),
      state,
      trust,
      scope: head.scope,
      ...(code === undefined ? {} : { code }),
    }
  }

  ids(): string[] {
    return this.copy.ids()
  }

  on<E extends keyof ConnectionEvents>(event: E, listener: (data: ConnectionEvents[E]) => void): () => void {
    return this.listeners.on(event, listener)
  }

  emitError(error: Error): void {
    this.listeners.emit('error', error)
  }

  /** Stops the copy's timer and the feed; resolves when the copy is stored on disk. */
  async close(): Promise<void> {
    this.state = 'CLOSED'
    this.copy.stop()
    await this.feed.stop()
    await this.options.disk?.settled()
  }

  private doubt(): string | undefined {
    const { copy, proofs } = this
    return this.trust.doubt(
      proofs === undefined ? copy.stableDigest() : (statement) => proofs.match(statement, copy.documents.stableHeads()),
    )
  }

  private reasonFor(code: string): string {
    if (code !== 'HMS_ROSTER_EXPIRED') return 'no valid freshness statement of rollout confirms the stable heads of this copy'
    const { version, expires } = this.options.rosters.newest
    return (
      `roster ${version} was valid until ${expires}, and no newer one follows it: people sign the next one (hms-svc ` +
      `roster propose), or pin the newest (hms-svc roster show --json)`
    )
  }

  private becomeReady(): void {
    if (this.state === 'READY') return
    this.state = 'READY'
    this.code = undefined
    this.listeners.emit('ready', { revision: this.copy.revision })
  }

  private announce(changes: Change[]): void {
    this.feed.applied()
    for (const listener of this.appliedListeners) listener()
    for (const change of changes) this.listeners.emit('change', change)
  }

  /** Records and reports refusals. A document before its effective time is not a refusal; it is held until then. */
  private report(refused: RefusedDocument[]): void {
    for (const each of refused) {
      if (each.error.code === 'HMS_RELEASE_NOT_EFFECTIVE') continue
      // A log may contain an older document again. The copy has the newer document, and stays complete.
      if (each.error.code !== 'HMS_HEAD_REPLAYED' || this.options.fromLog !== true) this.refusals.add(each)
      this.emitError(refusalOf(each.error))
    }
    if (!this.complete && this.origin === 'server') this.followRosters()
  }

  private require(id: string): InForce {
    const value = this.copy.get(id)
    if (value !== undefined) return value
    const refusal = this.refusals.ofStable(id)
    if (refusal !== undefined) throw refusalOf(refusal)
    const { policies = [id] } = this.options
    const detail = `no version of ${id} is in force here${policies.includes(id) ? '' : ': this reader does not follow it'}`
    throw new HmsError('HMS_POLICY_NOT_FOUND', detail, { status: 404, next: ['hms-svc policies list'] })
  }

  private source(): ValueSource {
    if (this.origin === 'disk') return 'disk'
    return this.state === 'READY' ? 'live' : 'cache'
  }
}
