import { randomUUID } from 'node:crypto'
import { HmsError, SILENCE_MS, STORE_BEHIND, type AlertRequest, type StreamFrame, readingProblem, type JsonObject } from '#libs/contracts'
import type { ApiClient } from '../api/api-client.js'
import type { HeldDocument, Reader } from '#libs/evaluation'
import { unreachable } from '../api/unreachable.js'
import type { Timer } from '../clock.js'
import { awaitReady } from './await-ready.js'
import { Contact } from './contact.js'
import type {
  AlertInput,
  ConnectionEvents,
  ConnectionState,
  Explanation,
  HmsConnection,
  PolicyValue,
  ReadyOptions,
} from './hms-connection.js'
import { Link, type LinkFailure } from './link/link.js'
import { TrustedCopy, type TrustedCopyOptions } from './trusted-copy.js'

export interface LiveConnectionOptions extends TrustedCopyOptions {
  api: ApiClient
  token?: string
  random?: () => number
}

/** All verified documents, for any reader; used by programs that evaluate for others, such as the side-car. */
export interface HeldDocumentSource {
  policies(): string[]
  of(id: string): HeldDocument[]
  /** The reader's time in epoch milliseconds. */
  nowMs(): number
  /** Calls `listener` when documents were applied, or an effective time has come; returns a function that removes it. */
  onTaken(listener: () => void): () => void
}

/** Consecutive instances behind this reader's revision, after which the store is assumed to have been recreated. */
const MAX_BEHIND = 3

/** Keeps the trusted copy up to date over one link: manages the contact state and the resume point. */
export class LiveConnection implements HmsConnection {
  private readonly contact: Contact
  private readonly copy: TrustedCopy
  private readonly link: Link
  private resumePoint: number | undefined
  /** The store was recreated: its revisions may be lower than the copy's. */
  private countsAnew = false
  private behindInARow = 0
  private leaving: Timer | undefined
  private toldApplied = false
  private readonly onTaken = new Set<() => void>()
  readonly documents: HeldDocumentSource = {
    policies: () => this.copy.policies(),
    of: (id) => this.copy.documentsOf(id),
    nowMs: () => this.copy.nowMs(),
    onTaken: (listener) => {
      this.onTaken.add(listener)
      return () => this.onTaken.delete(listener)
    },
  }

  constructor(private readonly options: LiveConnectionOptions) {
    const { reader, policies, api, token, time, random } = options
    this.contact = new Contact((reason) => unreachable(api.url, reason))
    this.copy = new TrustedCopy(options, { applied: () => this.applied(), startOver: () => this.startOver() })
    this.link = new Link(
      { url: api.url, reader, policies, token, clock: time, random },
      {
        ask: () => ({ revision: this.resumePoint, atLeast: this.countsAnew ? undefined : this.copy.revision }),
        opened: () => this.opened(),
        frame: (frame) => this.take(frame),
        down: (failure) => this.down(failure),
      },
    )
  }

  get state(): ConnectionState {
    return this.copy.state
  }

  get revision(): number {
    return this.copy.revision
  }

  /** The server's refusal in state `ERROR`, for listeners added later. */
  get refusal(): HmsError | undefined {
    return this.state === 'ERROR' ? this.copy.refusal : undefined
  }

  /** Identity of the reader. */
  get reader(): Reader {
    return this.options.reader
  }

  /** Resolves on the first copy, live or from disk; rejects with `HMS_UNREACHABLE` after `timeoutMs` without either. */
  async open(timeoutMs: number): Promise<void> {
    const saved = await this.copy.load()
    if (saved === 'whole') this.resumePoint = this.copy.revision
    this.link.start()
    await this.contact.first(timeoutMs, saved !== undefined)
  }

  async whenReady(timeoutMs: number): Promise<void> {
    if (this.state !== 'READY') await this.contact.wait(timeoutMs)
  }

  find(id: string): PolicyValue | undefined {
    return this.copy.find(id)
  }

  ready(options?: ReadyOptions): Promise<ConnectionState> {
    return awaitReady(this, options)
  }

  get<D = PolicyValue>(id: string, fallback?: D): PolicyValue | D {
    return this.copy.get(id, fallback)
  }

  explain<D = PolicyValue>(id: string, fallback?: D): Explanation<PolicyValue | D> {
    return this.copy.explain(id, fallback)
  }

  ids(): string[] {
    return this.copy.ids()
  }

  on<E extends keyof ConnectionEvents>(event: E, listener: (data: ConnectionEvents[E]) => void): () => void {
    return this.copy.on(event, listener)
  }

  async alert({ kind, value, reading = null, id = randomUUID(), policy, version }: AlertInput): Promise<void> {
    const { bot, region = '' } = this.options.reader
    if (bot === undefined) {
      throw new HmsError('HMS_ALERT_BOT_REQUIRED', 'an alert comes from a bot: name it in connect({ bot }) or HMS_BOT', { status: 400 })
    }
    requireReading(reading)
    const alert: AlertRequest = { id, bot, region, kind, reading, value, policy, version }
    await this.options.api.post('/v1/alerts', alert)
  }

  async close(): Promise<void> {
    this.leaving?.cancel()
    const written = this.copy.close()
    await this.link.stop()
    await written
  }

  /** Reports a failure of the disk copy. */
  fail(error: Error): void {
    this.copy.fail(error)
  }

  private opened(): void {
    this.toldApplied = false
  }

  private take(frame: StreamFrame): void {
    if (this.state === 'CLOSED') return
    this.leaving?.cancel()
    if (frame.revision < this.copy.revision && !this.countsAnew) return this.refuseLower()
    this.behindInARow = 0
    if (frame.standing !== undefined) this.copy.prove(frame.standing)
    if (frame.freshness !== undefined) this.copy.hear(frame.freshness)
    this.copy.confirm()
    if (frame.type === 'heartbeat') this.heartbeat(frame.revision)
    else this.apply(frame)
  }

  /** Handles a lower revision: this instance is behind, and another one may not be. */
  private refuseLower(): void {
    if (this.isStoreSetUpAnew()) this.startOver()
    else this.link.reconnect()
  }

  private isStoreSetUpAnew(): boolean {
    this.countsAnew = ++this.behindInARow >= MAX_BEHIND
    return this.countsAnew
  }

  private apply({ type, revision, documents, along }: StreamFrame): void {
    this.copy.take(revision, documents, { along, whole: type === 'snapshot' })
    this.countsAnew = false
    // Resuming behind a refused document would skip it: the next connection starts from a snapshot.
    this.resumePoint = this.copy.complete ? revision : undefined
    this.contact.made()
  }

  private heartbeat(revision: number): void {
    // Before the requested snapshot arrives there is nothing to confirm.
    if (this.resumePoint === undefined) return
    if (this.options.policies !== undefined) this.advance(revision)
    this.copy.settle()
    this.contact.made()
    if (!this.toldApplied) this.acknowledge()
  }

  /** Advances over revisions that concern other readers: requesting them again would return nothing. */
  private advance(revision: number): void {
    this.copy.advance(revision)
    this.resumePoint = revision
  }

  private startOver(): void {
    this.resumePoint = undefined
    this.link.reconnect()
  }

  private applied(): void {
    this.acknowledge()
    for (const listener of this.onTaken) listener()
  }

  private acknowledge(): void {
    if (this.options.reader.bot === undefined) return
    this.toldApplied = true
    const held = this.copy.held()
    this.link.send({
      type: 'applied',
      revision: this.copy.revision,
      applied: this.copy.applied(),
      ...(Object.keys(held).length === 0 ? {} : { held }),
      cohortKey: true,
    })
  }

  private down(failure: LinkFailure): void {
    const { reason, refused } = failure
    if (failure.damaged === true) this.resumePoint = undefined
    this.leaving?.cancel()
    // A reader asked to reconnect soon becomes stale only by the age of its last frame.
    if (failure.leaving === true) this.leaving = this.options.time.after(SILENCE_MS, () => this.copy.stale(reason))
    else this.copy.stale(reason)
    if (refused !== undefined) this.refusedBy(refused, failure.foreign === true)
    this.contact.failed(failure)
  }

  private refusedBy(refused: HmsError, foreign: boolean): void {
    if (refused.code === STORE_BEHIND && this.isStoreSetUpAnew()) this.resumePoint = undefined
    if (refused.retryable || foreign) this.fail(refused)
    else this.copy.refused(refused)
  }
}

/** Rejects a reading locally by the server's rule, before it is sent. */
export function requireReading(reading: JsonObject | null): void {
  const problem = readingProblem(reading)
  if (problem === undefined) return
  throw new HmsError('HMS_ALERT_READING', `${problem}; tell only the facts that the alert was raised on`, {
    status: 400,
    next: ['hms-svc alert --help'],
  })
}
