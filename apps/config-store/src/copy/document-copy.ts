import { action, HmsError, remembered, STORE_BEHIND } from '#libs/contracts'
import { evaluate, type InForce, type Reader } from '#libs/evaluation'
import { Database, type Transaction } from '#libs/persistence'
import { Clock, describeError, Logger } from '#libs/platform'
import { Signals } from '#libs/service'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { VerifiedRows } from '../heads/verified-rows.js'
import { DOCUMENTS, documentId, REVISION_WINDOW, type StoredDocument } from '../heads/head.table.js'
import { StoreTime } from '../store-time.js'
import { siblingsOf, changeOfLostMembers, partsOfChange, changeOfEffective, type Change, type StoredChange } from './changes.js'
import { HeldPolicies } from './held-policies.js'
import type { HeldStored } from './held-stored.js'
import { bytesOf, PreparedFrame } from './prepared-frame.js'
import type { StableHeads, Subset } from './stable-heads.js'

/** Maximum wait in ms for a revision: other instances are notified of a new one within milliseconds. */
const MAX_WAIT_FOR_REVISION_MS = 2_000
/** Query limit above any number of rows, because a bundle must not be split. */
const ALL = 1_000_000
/** Limit of unverified rows that are re-read at each poll. */
const MAX_REREAD = 100
/** Limit of prepared frames for readers that resume, kept until the next revision: a fleet that reconnects resumes from few revisions. */
const MAX_PREPARED = 64
/** Maximum size of a page in bytes, except for a single larger document: clients accept responses of 16 MiB. */
const PAGE_BYTES = 4 * 1024 * 1024
/** Limit of prepared first frames for readers of a few policies: the frames are small, but differ with the policies and the revision. */
const MAX_PREPARED_PARTS = 256

/**
 * This instance's in-memory copy of the stored documents: responses and frames are made from it without a query. It follows the revisions
 * on the signal that every instance receives after a commit, with slow polling as a safety net.
 */
@Injectable()
export class DocumentCopy implements OnModuleInit {
  revision = 0
  private loaded = false
  private readonly held = new HeldPolicies()
  private readonly prepared = new Map<number | undefined, PreparedFrame>()
  private readonly preparedParts = new Map<string, PreparedFrame>()
  private currentStableHeads: StableHeads | undefined
  private readonly listeners = new Set<(change: StoredChange) => void>()
  private readonly timeListeners = new Set<(change: Change) => void>()
  private refreshing: Promise<void> | undefined
  private isRefreshRequested = false

  constructor(
    private readonly database: Database,
    private readonly signals: Signals,
    private readonly clock: Clock,
    private readonly log: Logger,
    private readonly time: StoreTime,
    private readonly rows: VerifiedRows,
  ) {}

  onModuleInit(): void {
    this.signals.on('revision', () => this.refreshSoon())
  }

  get isLoaded(): boolean {
    return this.loaded
  }

  /** Registers a listener called once per batch of new revisions, when the copy has them, until the returned function is called. */
  onChange(listener: (change: StoredChange) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Registers a listener for changes caused by time alone, which have no revision; called before any later revision. */
  onTimePassed(listener: (change: Change) => void): void {
    this.timeListeners.add(listener)
  }

  /** Applies changes caused by time alone: canaries whose lease has expired, and held rules whose effective time has come. */
  applyTime(): void {
    const nowMs = this.time.nowMs()
    const lostMembers = this.held.dropCanaries(nowMs)
    const effective = this.held.newlyEffective(nowMs)
    if (lostMembers === undefined && effective.length === 0) return
    this.forgetPrepared()
    const changes: Change[] = []
    if (lostMembers !== undefined && lostMembers.size > 0)
      changes.push(changeOfLostMembers(this.revision, lostMembers, this.held.siblings()))
    if (effective.length > 0) changes.push(changeOfEffective(this.revision, effective, this.held.siblings(), nowMs))
    for (const change of changes) for (const listener of this.timeListeners) listener(change)
  }

  /** Catches up with the database. Calls during a pass share one further pass. */
  async refresh(): Promise<void> {
    this.isRefreshRequested = true
    await (this.refreshing ??= this.catchUp())
  }

  /** Refreshes in the background; the next signal or poll retries a failure. */
  refreshSoon(): void {
    this.refresh().catch((error: unknown) => this.log.warn({ error: describeError(error) }, 'the copy could not be refreshed'))
  }

  /**
   * Resolves when the copy is loaded and, if a reader saw a later revision at another instance, when that revision arrives or two seconds
   * have passed. Rejects with the database's error: a response from an older copy would revert that reader.
   */
  async waitForRevision(revision = 0): Promise<void> {
    if (!this.loaded || revision > this.revision) await this.refresh()
    if (revision > this.revision) await this.arrivalOf(revision)
  }

  /** Like `waitForRevision`, but rejects with `HMS_STORE_BEHIND` if the revision has not arrived. */
  async requireRevision(revision: number | undefined): Promise<void> {
    await this.waitForRevision(revision)
    if (revision === undefined || revision <= this.revision) return // guard: revision-at-least
    throw new HmsError(STORE_BEHIND, `This instance has revision ${this.revision}, but not ${revision} yet. Ask another instance.`, {
      status: 503,
      state: { revision: this.revision },
    })
  }

  policies(): string[] {
    return this.held.ids()
  }

  documentsOf(policy: string): HeldStored[] {
    return this.held.of(policy)
  }

  /** Evaluates a policy as the reader itself would; `now` in ms. */
  inForce(policy: string, reader: Reader, now: number): (InForce & { held: HeldStored }) | null {
    return evaluate(this.documentsOf(policy), reader, now) as (InForce & { held: HeldStored }) | null
  }

  /**
   * Returns the first frame of a reader with revision `known`: the missed changes, else a heartbeat; a snapshot if it has none, was away
   * too long, or is ahead of this store. `subset`: only these policies; always lists their siblings, so that the reader drops all others.
   */
  frameFor(known?: number, subset?: Subset): PreparedFrame {
    this.applyTime()
    return this.cachedFrameFor(known, subset)
  }

  /**
   * Returns a page of the snapshot: documents whose place (`policy@scope`) sorts after `after`, up to the page size, and at least one.
   * Pages may be of different revisions: a document that changes keeps its place, so none is missed.
   */
  page(after: string): PreparedFrame {
    this.applyTime()
    const placed = this.held.changedSince(undefined).map((held) => ({ place: documentId(held.document.id, held.document.scope), held }))
    const remaining = placed.filter(({ place }) => place > after).sort((a, b) => (a.place < b.place ? -1 : 1))
    let bytes = 0
    // guard: snapshot-pages
    const pageEnd = remaining.findIndex(({ held }, index) => (bytes += bytesOf(held.document)) > PAGE_BYTES && index > 0)
    const page = pageEnd < 0 ? remaining : remaining.slice(0, pageEnd)
    const frame = PreparedFrame.of(
      'snapshot',
      this.revision,
      page.map(({ held }) => held),
      { nowMs: this.time.nowMs() },
    ).withUnverified(this.rows.unverified.places)
    return frame.withNextPage(pageEnd < 0 ? undefined : page.at(-1)!.place)
  }

  stableHeads(): StableHeads {
    return (this.currentStableHeads ??= this.held.stableHeads())
  }

  private cachedFrameFor(known: number | undefined, subset?: Subset): PreparedFrame {
    const from = known === undefined || known > this.revision || this.revision - known > REVISION_WINDOW ? undefined : known
    return subset === undefined
      ? remembered(this.prepared, MAX_PREPARED, from, () => this.prepareAll(from))
      : remembered(this.preparedParts, MAX_PREPARED_PARTS, `${from}:${subset.key}`, () =>
          this.prepare(from, this.held.partSince(from, subset)).withBundled(siblingsOf(subset.ids, this.held.siblings())),
        )
  }

  private arrivalOf(revision: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        off()
        cancel()
        resolve()
      }
      const off = this.onChange(() => {
        if (this.revision >= revision) done()
      })
      const cancel = this.clock.after(MAX_WAIT_FOR_REVISION_MS, done)
    })
  }

  private prepareAll(from: number | undefined): PreparedFrame {
    const missed = this.held.changedSince(from)
    return from !== undefined && missed.length === 0 ? PreparedFrame.heartbeat(this.revision) : this.prepare(from, missed)
  }

  private prepare(from: number | undefined, held: readonly HeldStored[]): PreparedFrame {
    const nowMs = this.time.nowMs()
    if (from === undefined) return PreparedFrame.of('snapshot', this.revision, held, { nowMs }).withUnverified(this.rows.unverified.places)
    const newest = held.find(({ document }) => document.revision === this.revision)
    return PreparedFrame.of('change', this.revision, held, { nowMs, traceparent: newest?.traceparent ?? undefined })
  }

  private async catchUp(): Promise<void> {
    try {
      while (this.isRefreshRequested) {
        this.isRefreshRequested = false
        await this.applyRevisions()
      }
    } finally {
      // Synchronous with the last check of `isRefreshRequested`, so that a later caller starts a new pass.
      this.refreshing = undefined
    }
  }

  private async applyRevisions(): Promise<void> {
    // Runs before the changes: a document that is already expired on arrival is still sent once.
    this.applyTime()
    const before = this.revision
    // A single query sees only complete revisions, because the counter's row is locked until a revision is committed.
    const query = { orderBy: 'revision', after: before, limit: ALL }
    const stored = await this.database.autocommit(async (tx) => {
      const changed = await tx.documents(DOCUMENTS).find(query)
      return [...changed, ...(await this.unverifiedRows(tx, changed))]
    })
    const { verified, refused, revision } = await this.rows.verify(stored, (row) => this.held.find(row)?.document.seq)
    const dropped = refused.filter((row) => this.held.drop(row))
    this.loaded = true
    const isNewRevision = revision > before
    this.revision = Math.max(before, revision)
    if (verified.length === 0 && dropped.length === 0 && !isNewRevision) return
    const nowMs = this.time.nowMs()
    const news = this.held.add(verified, nowMs)
    this.forgetPrepared()
    const issuedMs = news.reduce((latest, { head }) => Math.max(latest, Date.parse(head.issuedAt)), 0)
    // Dropped documents are not sent: readers keep theirs. A document that was refused before has a revision that readers already passed.
    const late = news.filter(({ document }) => document.revision <= before)
    const frame = late.length === 0 ? this.cachedFrameFor(before) : this.prepare(before, [...this.held.changedSince(before), ...late])
    const since = Math.min(before, ...late.map(({ document }) => document.revision - 1))
    const partOf = partsOfChange(frame, this.held.partsSince(since, news), this.held.siblings(), nowMs)
    for (const listener of this.listeners) listener({ frame, issuedMs, partOf })
  }

  /** Re-reads rows that did not verify before: another roster or a repair may have changed that. */
  private async unverifiedRows(tx: Transaction, read: readonly StoredDocument[]): Promise<StoredDocument[]> {
    const known = new Set(read.map(({ id, scope }) => documentId(id, scope)))
    const places = this.rows.unverified.places.filter((place) => !known.has(place)).slice(0, MAX_REREAD)
    const rows: StoredDocument[] = []
    for (const place of places) rows.push(...[(await tx.documents(DOCUMENTS).get(place)) ?? []].flat())
    return rows
  }

  private forgetPrepared(): void {
    this.prepared.clear()
    this.preparedParts.clear()
    this.currentStableHeads = undefined
  }
}

/** Returns the 404 for a policy that this store does not have. */
export function policyNotFound(detail: string): HmsError {
  return new HmsError('HMS_POLICY_NOT_FOUND', detail, { status: 404, next: [action('policies.list'), action('approve')] })
}
