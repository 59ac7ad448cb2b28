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

/** Whom a reader trusts now, and the way to what follows. */
export type RosterKeeper = Pick<PinnedRosters, 'kind' | 'newest' | 'follow'>

export interface TrustedCopyOptions {
  reader: Reader
  /** The policies that it lives by, where these are a few of all. */
  policies?: readonly string[]
  disk: Pick<DiskCopy, 'load' | 'save' | 'settled'> | null
  rosters: RosterKeeper
  trust: DocumentTrust
  time: ReaderTime
  /** Documents come from a log, which may bring an old one again: a record that was sent twice, or a place that is read once more. */
  fromLog?: boolean
}

/** What a copy asks of the way by which documents come. */
export interface CopyHost {
  /** What is in force has changed; asked before any listener, which may take their time. */
  applied(): void
  /** There is a newer roster: what was refused under the one before is wanted again. */
  startOver(): void
}

export interface TakeOptions {
  /** Others are known to follow, so that this is not all there is. */
  more?: boolean
  /** Policies that come along with those that this reader named. */
  along?: readonly string[]
  /** These are all documents that there are for this reader. */
  whole?: boolean
  /** Places of a log (`policy@scope`) whose documents were removed from it. */
  erased?: ReadonlySet<string>
}

const NO_PLACES: ReadonlySet<string> = new Set()

/** Refusals that are remembered: the sender chooses the names in them. */
const MAX_REFUSALS = 1_000
/** How often a sender may make us ask for rosters. */
const ROSTER_PAUSE_MS = 10_000
/** A signed time that differs by more from what was taken for the time changes what is in force now. */
const JUMP_MS = 100

/**
 * What a reader holds and how far it trusts that, whatever way documents come: the verified copy and its twin on disk, what was refused,
 * and whether all this is still beyond doubt. Whether there is contact is for its host to say: `settle` after each word, `stale` without.
 */
export class TrustedCopy {
  state: ConnectionState = 'STALE'
  /** In `ERROR`: what the server refused this reader with. */
  refusal: HmsError | undefined
  /** Why it is stale, where that is a matter of trust. */
  private code: string | undefined
  private readonly listeners = new Listeners<ConnectionEvents>()
  private readonly copy: LocalCopy
  private origin: 'nothing' | 'disk' | 'server' = 'nothing'
  private confirmedAt = 0
  /**
   * What was refused last, by policy and scope: the copy is not all there is until something better comes for the place, or the place is
   * gone.
   */
  private readonly refusals = new Map<string, SignatureError>()
  /** Of a reader of a few policies that hears of no others. */
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

  /** Of the newest frame applied. */
  get revision(): number {
    return this.copy.revision
  }

  /** Nothing that came is missing here. */
  get complete(): boolean {
    return this.refusals.size === 0
  }

  /** Takes what an earlier process left on disk. `undefined` when it left nothing, else whether all of it still holds. */
  async load(): Promise<'whole' | 'part' | undefined> {
    const { floors, documents: saved } = (await this.options.disk?.load()) ?? {}
    if (floors !== undefined) this.options.trust.restore(floors)
    if (saved === undefined) return undefined
    // What was saved was kept.
    const along = saved.documents.map((document) => document?.id)
    const { refused } = this.copy.take(saved.revision, saved.documents, along)
    this.origin = 'disk'
    this.confirmedAt = saved.savedAt
    this.report(refused)
    return refused.length === 0 ? 'whole' : 'part'
  }

  /** Takes documents that take effect together. */
  take(revision: number, documents: readonly ConfigDocument[], options: TakeOptions = {}): void {
    const { more = false, along = [], whole = false, erased = NO_PLACES } = options
    const { refused, changes } = this.copy.take(revision, documents, along)
    this.proofs?.moved()
    if (whole) this.forgetRefusals()
    for (const document of documents) this.refusals.delete(placeOf(document))
    this.report(this.options.fromLog === true ? unlessOvertaken(documents, refused, more) : refused)
    // It was there, and is told of; it keeps nobody in doubt.
    for (const place of erased) this.refusals.delete(place)
    this.forgetRefusalsOfOthers(along)
    if (!more) this.settle()
    this.announce(changes)
    this.options.disk?.save({ revision, savedAt: this.confirmedAt, documents: this.copy.all(), ...this.options.trust.remembered() })
  }

  /** All there is comes from here on: what was refused is in it, or is gone. Whether all stable heads came, rollout's statement says. */
  forgetRefusals(): void {
    this.refusals.clear()
  }

  /** Revisions up to this one brought nothing for this reader, or were taken. */
  advance(revision: number): void {
    this.copy.revision = Math.max(this.copy.revision, revision)
  }

  /** Where the policies of this reader stand among all stable heads, before the statement on these. */
  prove(standing: Readonly<Record<string, StandingProof>>): void {
    this.proofs?.take(standing)
  }

  /** A stable head of a policy that this reader does not live by, verified. */
  note(head: StableHead): void {
    this.copy.note(head)
  }

  /** A damaged word of rollout is no word: it is said, and the one before goes on ageing. */
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

  /** Somebody may have signed by a roster that is not known here yet. Asked for at most every ten seconds. */
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

  /** Somebody who knows what is in force was heard just now. */
  confirm(): void {
    this.confirmedAt = this.options.time.now()
  }

  /** In contact: ready, unless what is held cannot be all that is signed; answers with the code that says why not. */
  settle(): string | undefined {
    this.origin = 'server'
    const refusal = [...this.refusals.values()][0]
    const code = refusal?.code ?? this.doubt()
    if (code === undefined) this.becomeReady()
    else this.stale(refusal?.detail ?? this.reasonFor(code), code)
    if (code === 'HMS_ROSTER_EXPIRED') this.followRosters()
    return code
  }

  /** The server will have nothing to do with this reader. Told once, like any other state. */
  refused(error: HmsError): void {
    if (this.state === 'CLOSED' || this.state === 'ERROR') return
    this.stale(error.message, error.code)
    this.state = 'ERROR'
    this.refusal = error
    this.fail(error)
  }

  /** Told once for each reason that has a code, also by a reader that never was ready. Without one it is no news to a reader in `ERROR`. */
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

  /** Those of which any document is held. */
  policies(): string[] {
    return this.copy.policies()
  }

  documentsOf(id: string): HeldDocument[] {
    return this.copy.documentsOf(id)
  }

  /** The time by which all this is judged, in ms since 1970. */
  nowMs(): number {
    return this.options.time.now()
  }

  /** Release digest in force per policy: what a named bot acknowledges. */
  applied(): Record<string, string> {
    return this.copy.applied()
  }

  /** Release digests per policy that are held for later: acknowledged too. */
  held(): Record<string, string[]> {
    return this.copy.held()
  }

  on<E extends keyof ConnectionEvents>(event: E, listener: (data: ConnectionEvents[E]) => void): () => void {
    return this.listeners.on(event, listener)
  }

  /** Says what was refused or went wrong. */
  fail(error: Error): void {
    this.listeners.emit('error', error)
  }

  /** Nothing changes from here on; resolves when what was taken is on disk. */
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

  /** Nobody tells this reader what becomes of policies that neither were named nor come along. */
  private forgetRefusalsOfOthers(along: readonly string[]): void {
    const { policies } = this.options
    if (policies === undefined || this.refusals.size === 0) return
    const kept = [...policies, ...along]
    for (const place of this.refusals.keys()) if (!kept.some((id) => place.startsWith(`${id}@`))) this.refusals.delete(place)
  }

  /** What comes before its time is in order: it is held until then. */
  private report(refused: RefusedDocument[]): void {
    for (const { document, error } of refused) {
      if (error.code === 'HMS_RELEASE_NOT_EFFECTIVE') continue
      if (!this.isOrdinary(error) && this.refusals.size < MAX_REFUSALS) this.refusals.set(placeOf(document), error)
      this.fail(refusalOf(error))
    }
    if (this.refusals.size > 0 && this.origin === 'server') this.followRosters()
  }

  /** An old document of a log takes nothing from the newer one that is held. */
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
 * A log tells how things came to be as they are: what is refused of it matters only where nothing better came behind, and an old head
 * only when it is the last word of all.
 */
function unlessOvertaken(documents: readonly ConfigDocument[], refused: RefusedDocument[], more: boolean): RefusedDocument[] {
  const last = new Map(documents.map((document) => [placeOf(document), document]))
  const bad = new Set(refused.map(({ document }) => document))
  return refused.filter(({ document, error }) => {
    const newest = last.get(placeOf(document))!
    return error.code === 'HMS_HEAD_REPLAYED' ? newest === document && !more : bad.has(newest)
  })
}

/** Whatever a sender calls a document. */
function placeOf(document: ConfigDocument | undefined): string {
  return `${document?.id}@${document?.scope}`
}

/** A refusal is the fault of the sender. */
export function refusalOf({ code, detail }: SignatureError): HmsError {
  return new HmsError(code, `${detail}; what was held before stays in force`, { status: 502, next: ['hms-svc audit verify'] })
}
