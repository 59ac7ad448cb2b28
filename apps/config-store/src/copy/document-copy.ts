import { HmsError, STORE_BEHIND } from '#libs/contracts'
import { describeError } from '#libs/platform'
import { STABLE_SCOPE, stableDigest } from '#libs/signing'
import { ServiceRuntime } from '#libs/service'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { evaluate, type InForce, type Reader } from '#libs/evaluation'
import { DOCUMENTS, REVISION_WINDOW } from '../heads/head.table.js'
import { holdStored, type HeldStored } from './held-stored.js'
import { PreparedFrame } from './prepared-frame.js'

/** Other instances hear of a revision within milliseconds. */
const BEHIND_WAIT_MS = 2_000
/** All there are: a bundle must not be cut. */
const ALL = 1_000_000
/** Frames for readers that resume, kept until the next revision: a whole fleet that reconnects resumes at few points. */
const MAX_PREPARED = 64

/**
 * This instance's copy of what is stored: answers and frames are made from it without a query. It follows the revisions, woken by the
 * signal that every instance gets after a commit, with a slow look as safety net.
 */
@Injectable()
export class DocumentCopy implements OnModuleInit {
  revision = 0
  private loaded = false
  private readonly byPolicy = new Map<string, Map<string, HeldStored>>()
  private readonly prepared = new Map<number | undefined, PreparedFrame>()
  private readonly listeners = new Set<(frame: PreparedFrame) => void>()
  private refreshing: Promise<void> | undefined
  private again = false

  constructor(private readonly runtime: ServiceRuntime) {}

  onModuleInit(): void {
    this.runtime.onSignal('revision', () => this.refreshSoon())
  }

  /** Called with one frame per batch of new revisions, once the copy holds them, until the returned function is called. */
  onChange(listener: (frame: PreparedFrame) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Catches up with the database; concurrent calls share one pass and are followed by one more. */
  async refresh(): Promise<void> {
    this.again = true
    await (this.refreshing ??= this.catchUp())
  }

  /** A failure is made good by the next signal or look. */
  refreshSoon(): void {
    this.refresh().catch((error: unknown) => this.runtime.log.warn({ error: describeError(error) }, 'the copy could not be refreshed'))
  }

  /**
   * Resolves when the copy was read at least once, and again if a reader saw a later revision at another instance; where that is not there
   * yet, when it comes or after two seconds. Rejects with the database's error: to answer from an older copy would take that reader back.
   */
  async reach(revision = 0): Promise<void> {
    if (!this.loaded || revision > this.revision) await this.refresh()
    if (revision > this.revision) await this.arrival(revision)
  }

  /** As `reach`; rejects with `HMS_STORE_BEHIND` when the revision has not come. */
  async require(revision: number | undefined): Promise<void> {
    await this.reach(revision)
    if (revision === undefined || revision <= this.revision) return
    throw new HmsError(STORE_BEHIND, `This instance has seen revision ${this.revision}, and not ${revision} yet. Ask another one.`, {
      status: 503,
      state: { revision: this.revision },
    })
  }

  policies(): string[] {
    return [...this.byPolicy.keys()]
  }

  documentsOf(policy: string): HeldStored[] {
    return [...(this.byPolicy.get(policy)?.values() ?? [])]
  }

  /** As a reader would evaluate it itself; `now` in ms. */
  inForce(policy: string, reader: Reader, now: number): (InForce & { held: HeldStored }) | null {
    return evaluate(this.documentsOf(policy), reader, now) as (InForce & { held: HeldStored }) | null
  }

  /**
   * The first frame for a reader that holds `known`: what it missed, a heartbeat when that is nothing, a snapshot when it holds nothing,
   * was away for too long, or comes from a store that counted further than this one.
   */
  frameFor(known?: number): PreparedFrame {
    const from = known === undefined || known > this.revision || this.revision - known > REVISION_WINDOW ? undefined : known
    let frame = this.prepared.get(from)
    if (frame === undefined) {
      if (this.prepared.size >= MAX_PREPARED) this.prepared.clear()
      this.prepared.set(from, (frame = this.prepare(from)))
    }
    return frame
  }

  /** Of the stable heads in this copy, those that withdraw included: see `stableDigest` of `#libs/signing`. */
  stableDigest(): string {
    const stable = [...this.byPolicy.values()].flatMap((scopes) => scopes.get(STABLE_SCOPE)?.document ?? [])
    return stableDigest(stable.map(({ id, seq, digest }) => ({ policy: id, seq, current: digest })))
  }

  private arrival(revision: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        off()
        cancel()
        resolve()
      }
      const off = this.onChange(() => {
        if (this.revision >= revision) done()
      })
      const cancel = this.runtime.clock.after(BEHIND_WAIT_MS, done)
    })
  }

  private prepare(from: number | undefined): PreparedFrame {
    if (from === this.revision) return PreparedFrame.heartbeat(this.revision)
    // A document carries the revision that last changed it, so those beyond `from` are what was missed, bundles whole.
    const held = this.all().filter(({ document }) => document.revision > (from ?? 0))
    const documents = held.map(({ document }) => document)
    if (from === undefined) return PreparedFrame.of('snapshot', this.revision, documents)
    return PreparedFrame.of(
      'change',
      this.revision,
      documents,
      held.find(({ document }) => document.revision === this.revision)?.traceparent,
    )
  }

  private all() {
    return [...this.byPolicy.values()].flatMap((scopes) => [...scopes.values()])
  }

  private async catchUp(): Promise<void> {
    try {
      while (this.again) {
        this.again = false
        await this.follow()
      }
    } finally {
      // In the same step as the last look at `again`: who asks after it starts a pass of their own.
      this.refreshing = undefined
    }
  }

  private async follow(): Promise<void> {
    const before = this.revision
    // One statement sees whole revisions only: the counter's row is locked until each of them is committed.
    const query = { orderBy: 'revision', after: before, limit: ALL }
    const news = await this.runtime.database.transaction((tx) => tx.documents(DOCUMENTS).find(query))
    for (const stored of news) {
      const scopes = this.byPolicy.get(stored.id) ?? new Map<string, HeldStored>()
      this.byPolicy.set(stored.id, scopes.set(stored.scope, holdStored(stored)))
    }
    this.loaded = true
    if (news.length === 0) return
    this.revision = news.at(-1)!.revision
    this.prepared.clear()
    const frame = this.frameFor(before)
    for (const listener of this.listeners) listener(frame)
  }
}
