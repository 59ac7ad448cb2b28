import { HmsError, type ConfigDocument, type Envelope, type StandingProof } from '#libs/contracts'
import { SignatureError, STABLE_SCOPE, type StableHead } from '#libs/signing'
import type { DocumentTrust } from '../trust/document-trust.js'
import type { PinnedRosters } from '../trust/pinned-rosters.js'
import type { ReaderTime } from '../trust/reader-time.js'
import type { DiskCopy } from './disk-copy.js'
import type { HeldDocument, InForce, Reader } from '#libs/evaluation'
import type { RefusedDocument } from './held-documents.js'
import type { ConnectionEvents, ConnectionState, Explanation, PolicyValue, ValueSource } from './hms-connection.js'
import { Listeners } from './listeners.js'
import { LocalCopy, type Change } from './local-copy.js'
import { StandingProofs } from './standing-proofs.js'

/** Rosters trusted by a reader, and the means to follow their successors. */
export type RosterKeeper = Pick<PinnedRosters, 'kind' | 'newest' | 'follow'>

export interface TrustedCopyOptions {
  reader: Reader
  /** Policies of this reader, if not all. */
  policies?: readonly string[]
  disk: Pick<DiskCopy, 'load' | 'save' | 'settled'> | null
  rosters: RosterKeeper
  trust: DocumentTrust
  time: ReaderTime
  /** Documents come from a log, which may deliver an old one again: a duplicate record, or a re-read offset. */
  fromLog?: boolean
}

/** Callbacks of the copy to the source of its documents. */
export interface CopyHost {
  /** Values in force have changed; called before any listener, which may be slow. */
  applied(): void
  /** A newer roster was loaded: documents refused under the previous one are requested again. */
  startOver(): void
}

export interface TakeOptions {
  /** More documents follow, so these are not complete. */
  more?: boolean
  /** Policies included with those that this reader named. */
  along?: readonly string[]
  /** These are all documents for this reader. */
  whole?: boolean
  /** Places of a log (`policy@scope`) whose documents were removed from it. */
  erased?: ReadonlySet<string>
}

const NO_PLACES: ReadonlySet<string> = new Set()

/** Maximum remembered refusals: the sender chooses the names in them. */
const MAX_REFUSALS = 1_000
/** Minimum interval of roster requests, which a sender can cause. */
const ROSTER_PAUSE_MS = 10_000
/** Difference between a signed time and the assumed one, ms, above which values in force are re-evaluated. */
const JUMP_MS = 100

/**
 * Verified copy of a reader, from any source of documents: the documents in memory and on disk, the refused ones, and whether the copy is
 * free of doubt. Its host decides about contact: `settle` after each frame, `stale` without.
 */
export class TrustedCopy {
  state: ConnectionState = 'STALE'
  /** The server's refusal in state `ERROR`. */
  refusal: HmsError | undefined
  /** Trust reason of state `STALE`, if it is one. */
  private code: string | undefined
  private readonly listeners = new Listeners<ConnectionEvents>()
  private readonly copy: LocalCopy
  private origin: 'nothing' | 'disk' | 'server' = 'nothing'
  private confirmedAt = 0
  /** Last refusals by policy and scope: the copy is incomplete until a valid document replaces the refused one, or its place is removed. */
  private readonly refusals = new Map<string, SignatureError>()
  /** Set for a reader with named policies that gets no heads of others. */
  private readonly proofs: StandingProofs | undefined
  private askedRostersAt = Number.NEGATIVE_INFINITY

  constructor(
    private readonly options: TrustedCopyOptions,
    private readonly host: CopyHost,
  ) {
    const { reader, policies, trust, time, fromLog } = options
    this.copy = new LocalCopy({ reader, policies, admission: trust, clock: time, onExpiry: (changes) => this.announce(changes) })
    this.proofs = policies === undefined || fromLog === true ? undefined : new StandingProofs(policies)
  }

  /** Revision of the newest applied frame. */
  get revision(): number {
    return this.copy.revision
  }

  /** Whether no received document is missing. */
  get complete(): boolean {
    return this.refusals.size === 0
  }

  /** Loads the disk copy of an earlier process. Returns `undefined` if there is none, else whether all of it still verifies. */
  async load(): Promise<'whole' | 'part' | undefined> {
    const { floors, documents: saved } = (await this.options.disk?.load()) ?? {}
    if (floors !== undefined) this.options.trust.restore(floors)
    if (saved === undefined) return undefined
    // All saved documents were wanted.
    const along = saved.documents.map((document) => document?.id)
    const { refused } = this.copy.take(saved.revision, saved.documents, along)
    this.origin = 'disk'
    this.confirmedAt = saved.savedAt
    this.report(refused)
    return refused.length === 0 ? 'whole' : 'part'
  }

  /** Applies documents that take effect together. */
  take(revision: number, documents: readonly ConfigDocument[], options: TakeOptions = {}): void {
    const { more = false, along = [], whole = false, erased = NO_PLACES } = options
    const { refused, changes } = this.copy.take(revision, documents, along)
    this.proofs?.moved()
    if (whole) this.forgetRefusals()
    for (const document of documents) this.refusals.delete(placeOf(document))
    this.report(this.options.fromLog === true ? unlessOvertaken(documents, refused, more) : refused)
    // The document existed and its removal is reported; it causes no doubt.
    for (const place of erased) this.refusals.delete(place)
    this.forgetRefusalsOfOthers(along)
    if (!more) this.settle()
    this.announce(changes)
    this.options.disk?.save({ revision, savedAt: this.confirmedAt, documents: this.copy.all(), ...this.options.trust.remembered() })
  }

  /**
   * Clears refusals before a full set of documents: a refused one is in it, or is gone. Rollout's statement shows whether all stable heads
   * came.
   */
  forgetRefusals(): void {
    this.refusals.clear()
  }

  /** Advances to a revision: all up to it had nothing for this reader, or were applied. */
  advance(revision: number): void {
    this.copy.revision = Math.max(this.copy.revision, revision)
  }

  /** Stores the proofs of this reader's policies among all stable heads, before the statement on them. */
  prove(standing: Readonly<Record<string, StandingProof>>): void {
    this.proofs?.take(standing)
  }

  /** Records a verified stable head of a policy that this reader does not follow. */
  note(head: StableHead): void {
    this.copy.note(head)
  }

  /** Applies a freshness statement. An invalid one is reported and ignored, and the previous one keeps ageing. */
  hear(envelope: Envelope): void {
    const { trust, time, rosters } = this.options
    const before = time.now()
    try {
      if (trust.hear(envelope) > rosters.newest.version) this.followRosters()
      if (Math.abs(time.now() - before) > JUMP_MS) this.copy.look()
    } catch (error) {
      if (!(error instanceof SignatureError)) throw error
      this.fail(refusalOf(error))
      this.followRosters()
    }
  }

  /** Follows rosters, at most every ten seconds: a document may be signed by a roster that is not known here yet. */
  followRosters(): void {
    const { rosters, time } = this.options
    if (time.elapsed() - this.askedRostersAt < ROSTER_PAUSE_MS) return
    this.askedRostersAt = time.elapsed()
    const before = rosters.newest
    void rosters
      .follow()
      .catch((error: unknown) => this.fail(error instanceof SignatureError ? refusalOf(error) : (error as Error)))
      .then(() => {
        if (rosters.newest !== before && this.state !== 'CLOSED') this.host.startOver()
      })
  }

  /** Records that an up-to-date source was in contact just now. */
  confirm(): void {
    this.confirmedAt = this.options.time.now()
  }

  /** Updates the state on contact: ready, unless the copy is known to be incomplete; returns the code of the doubt. */
  settle(): string | undefined {
    this.origin = 'server'
    const refusal = [...this.refusals.values()][0]
    const code = refusal?.code ?? this.doubt()
    if (code === undefined) this.becomeReady()
    else this.stale(refusal?.detail ?? this.reasonFor(code), code)
    if (code === 'HMS_ROSTER_EXPIRED') this.followRosters()
    return code
  }

  /** Handles the server's refusal of this reader. Reported once, like any other state. */
  refused(error: HmsError): void {
    if (this.state === 'CLOSED' || this.state === 'ERROR') return
    this.stale(error.message, error.code)
    this.state = 'ERROR'
    this.refusal = error
    this.fail(error)
  }

  /**
   * Sets state STALE. Reported once per reason with a code, even before the reader was ever ready. Without a code it does not change state
   * `ERROR`.
   */
  stale(reason: string, code?: string): void {
    if (this.state === 'CLOSED' || (this.state === 'ERROR' && code === undefined)) return
    const isNews = this.state === 'READY' || (code !== undefined && code !== this.code)
    this.state = 'STALE'
    this.code = code
    if (isNews) this.listeners.emit('stale', { reason, ...(code === undefined ? {} : { code }) })
  }

  find(id: string): PolicyValue | undefined {
    return this.copy.get(id)?.held.value
  }

  get<D = PolicyValue>(id: string, fallback?: D): PolicyValue | D {
    return fallback !== undefined && this.copy.get(id) === undefined ? fallback : this.require(id).held.value
  }

  explain<D = PolicyValue>(id: string, fallback?: D): Explanation<PolicyValue | D> {
    if (fallback !== undefined && this.copy.get(id) === undefined) return this.defaulted(id, fallback)
    const { document, head, value } = this.require(id).held
    const ageMs = Math.max(0, this.options.time.now() - this.confirmedAt)
    const {
      state,
      options: {
        rosters: { kind: trust },
      },
    } = this
    const code = this.code === undefined ? {} : { code: this.code }
    return {
      value,
      version: value.version,
      revision: document.revision,
      source: this.source(),
      ageMs,
      state,
      trust,
      scope: head.scope,
      ...code,
    }
  }

  private defaulted<D>(id: string, value: D): Explanation<D> {
    const { state, options, copy } = this
    const code = this.refusals.get(`${id}@${STABLE_SCOPE}`)?.code ?? 'HMS_POLICY_NOT_FOUND'
    return {
      value,
      version: '',
      revision: copy.revision,
      source: 'default',
      ageMs: 0,
      state,
      trust: options.rosters.kind,
      scope: '',
      code,
    }
  }

  ids(): string[] {
    return this.copy.ids()
  }

  /** Returns the policies with at least one document. */
  policies(): string[] {
    return this.copy.policies()
  }

  documentsOf(id: string): HeldDocument[] {
    return this.copy.documentsOf(id)
  }

  /** Returns the time of evaluation, in epoch milliseconds. */
  nowMs(): number {
    return this.options.time.now()
  }

  /** Returns the release digests in force per policy, which a named bot acknowledges. */
  applied(): Record<string, string> {
    return this.copy.applied()
  }

  /** Returns the release digests held for later per policy, which are acknowledged too. */
  held(): Record<string, string[]> {
    return this.copy.held()
  }

  on<E extends keyof ConnectionEvents>(event: E, listener: (data: ConnectionEvents[E]) => void): () => void {
    return this.listeners.on(event, listener)
  }

  /** Reports a refusal or a failure. */
  fail(error: Error): void {
    this.listeners.emit('error', error)
  }

  /** Freezes the copy; resolves when it is stored on disk. */
  async close(): Promise<void> {
    this.state = 'CLOSED'
    this.copy.stop()
    await this.options.disk?.settled()
  }

  private doubt(): string | undefined {
    const { copy, proofs } = this
    return this.options.trust.doubt(proofs === undefined ? copy.stableDigest() : (said) => proofs.match(said, copy.stableHeads()))
  }

  private reasonFor(code: string): string {
    if (code !== 'HMS_ROSTER_EXPIRED') return 'rollout does not vouch for the stable heads that are held'
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
    this.host.applied()
    for (const change of changes) this.listeners.emit('change', change)
  }

  /** Drops refusals of policies that are neither named nor included: this reader is not notified of their changes. */
  private forgetRefusalsOfOthers(along: readonly string[]): void {
    const { policies } = this.options
    if (policies === undefined || this.refusals.size === 0) return
    const kept = [...policies, ...along]
    for (const place of this.refusals.keys()) if (!kept.some((id) => place.startsWith(`${id}@`))) this.refusals.delete(place)
  }

  /** An early document is not refused: it is held until its effective time. */
  private report(refused: RefusedDocument[]): void {
    for (const { document, error } of refused) {
      if (error.code === 'HMS_RELEASE_NOT_EFFECTIVE') continue
      if (!this.isOrdinary(error) && this.refusals.size < MAX_REFUSALS) this.refusals.set(placeOf(document), error)
      this.fail(refusalOf(error))
    }
    if (this.refusals.size > 0 && this.origin === 'server') this.followRosters()
  }

  /** Whether a refusal is normal: an old document of a log does not affect the newer one in the copy. */
  private isOrdinary({ code }: SignatureError): boolean {
    return code === 'HMS_HEAD_REPLAYED' && this.options.fromLog === true
  }

  private require(id: string): InForce {
    const value = this.copy.get(id)
    if (value !== undefined) return value
    const refusal = this.refusals.get(`${id}@${STABLE_SCOPE}`)
    if (refusal !== undefined) throw refusalOf(refusal)
    const { policies } = this.options
    const why = policies === undefined || policies.includes(id) ? '' : `: it is none of the policies that this reader named`
    throw new HmsError('HMS_POLICY_NOT_FOUND', `no version of ${id} is in force here${why}`, { status: 404, next: ['hms-svc runs list'] })
  }

  private source(): ValueSource {
    if (this.origin === 'disk') return 'disk'
    return this.state === 'READY' ? 'live' : 'cache'
  }
}

/**
 * Returns the refusals that matter. A log also contains superseded documents: a refused one matters only if no better one followed, and an
 * old head only if it is the last of its place.
 */
function unlessOvertaken(documents: readonly ConfigDocument[], refused: RefusedDocument[], more: boolean): RefusedDocument[] {
  const last = new Map(documents.map((document) => [placeOf(document), document]))
  const bad = new Set(refused.map(({ document }) => document))
  return refused.filter(({ document, error }) => {
    const newest = last.get(placeOf(document))!
    return error.code === 'HMS_HEAD_REPLAYED' ? newest === document && !more : bad.has(newest)
  })
}

/** Returns the place of an unverified document, for refusals. */
function placeOf(document: ConfigDocument | undefined): string {
  return `${document?.id}@${document?.scope}`
}

/** Converts a refusal into an error with status 502: the sender is at fault. */
export function refusalOf({ code, detail }: SignatureError): HmsError {
  return new HmsError(code, `${detail}; what was held before stays in force`, { status: 502, next: ['hms-svc audit verify'] })
}
