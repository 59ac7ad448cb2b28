import { setTimeout } from 'node:timers/promises'
import { HmsError, type ConfigDocument, type EventData } from '#libs/contracts'
import { readHead, SignatureError, STABLE_SCOPE } from '#libs/signing'
import { reasonOf } from '../api/unreachable.js'
import { backoffMs } from '../backoff.js'
import { Contact } from '../connection/contact.js'
import { awaitReady } from '../connection/await-ready.js'
import type {
  ConnectionEvents,
  ConnectionState,
  Explanation,
  HmsConnection,
  PolicyValue,
  ReadyOptions,
} from '../connection/hms-connection.js'
import { Silence } from '../connection/link/silence.js'
import { refusalOf, TrustedCopy, type TrustedCopyOptions } from '../connection/trusted-copy.js'
import { brokerUnreachable } from './broker-error.js'
import { documentIn, freshnessIn, openRecord, recordError } from './open-record.js'
import { NamedParts } from './named-parts.js'
import type { RecordBatch, RecordSource, TopicPlace, TopicRecord } from './record-source.js'
import { WholeRevisions } from './whole-revisions.js'

/** Connection without alerts: they go to config-store, which this reader may not know. */
export type HmsFollower = Omit<HmsConnection, 'alert'>

export interface PolicyFollowerOptions extends TrustedCopyOptions {
  source: RecordSource
  random?: () => number
}

export const STATE_TOPIC = 'hms.config.state.v1'
/** Bounds the duration of closing; a new record is returned at once. */
const READ_WAIT_MS = 1_000
/** As on a stream: an available broker responds to each read within `READ_WAIT_MS`, and four responses may be late. */
const SILENCE_MS = 5_000
/** Time that the broker may respond without this reader reaching the end of the log. */
const BEHIND_MS = 30_000
/** Minimum interval of restarts from the beginning caused by doubt. */
const AGAIN_MS = 60_000

/**
 * Keeps the trusted copy up to date from the compacted state topic. It reads the whole log, is ready at its end, and continues from there.
 * A record is an untrusted claim: its documents are verified as from any other source, and an invalid record is reported and skipped.
 */
export class PolicyFollower implements HmsFollower {
  private readonly contact: Contact
  private readonly copy: TrustedCopy
  private readonly waiting = new WholeRevisions()
  private readonly parts: NamedParts | undefined
  private readonly closing = new AbortController()
  private place: TopicPlace = 'beginning'
  private startsOver = false
  private readonly silence: Silence
  private readonly behind: Silence
  private startedOverAt = Number.NEGATIVE_INFINITY
  private running: Promise<void> = Promise.resolve()

  constructor(private readonly options: PolicyFollowerOptions) {
    this.contact = new Contact((reason) => brokerUnreachable(options.source.name, reason))
    this.parts = options.policies === undefined ? undefined : new NamedParts(options.policies)
    this.silence = this.watch(SILENCE_MS, `${options.source.name} has not answered`)
    this.behind = this.watch(BEHIND_MS, 'the end of the log was not reached')
    // Bots on this topic are not counted.
    this.copy = new TrustedCopy(options, { applied: () => {}, startOver: () => (this.startsOver = true) })
  }

  get state(): ConnectionState {
    return this.copy.state
  }

  get revision(): number {
    return this.copy.revision
  }

  /** Resolves at the end of the log, or with a disk copy; rejects with `HMS_BROKER_…` after `timeoutMs` without either. */
  async open(timeoutMs: number): Promise<void> {
    const saved = await this.copy.load()
    this.running = this.run()
    await this.contact.first(timeoutMs, saved !== undefined)
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

  async close(): Promise<void> {
    this.silence.stop()
    this.behind.stop()
    this.closing.abort()
    const written = this.copy.close()
    await this.options.source.close()
    await this.running
    await written
  }

  /** Reports a refusal or failure, on behalf of the follower's parts. */
  fail(error: Error): void {
    this.copy.fail(error)
  }

  private async run(): Promise<void> {
    const { source, rosters, random } = this.options
    // The log is verified by the newest roster. Without a response the known one is used, and rollout's freshness statement will name the
    // newer.
    await rosters.follow().catch((error: unknown) => this.fail(error as Error))
    for (let attempt = 0; !this.closing.signal.aborted;) {
      try {
        this.take(await source.read(STATE_TOPIC, this.place, READ_WAIT_MS))
        if (!this.closing.signal.aborted) this.silence.watch()
        attempt = 0
      } catch (error) {
        if (this.closing.signal.aborted) return
        this.down(error as Error)
        // Unlike the clock's timers, this one keeps the process alive, as the connection does: a follower of a log is expected to.
        await setTimeout(backoffMs(attempt++, random), undefined, { signal: this.closing.signal }).catch(() => {})
      }
    }
  }

  private take({ records, next, end }: RecordBatch): void {
    if (this.state === 'CLOSED') return
    if (this.place === 'beginning') this.copy.forgetRefusals()
    for (const record of records) this.hear(record)
    this.place = this.startsOver ? 'beginning' : next
    this.startsOver = false
    if (end) this.atEnd()
    else if (this.waiting.full) this.apply(true)
  }

  private hear(record: TopicRecord): void {
    try {
      const opened = openRecord(STATE_TOPIC, record)
      if (opened === undefined) return this.waiting.erase(record)
      if (opened.type === 'hms.state.recorded.v1') this.add(documentIn(opened), record.value?.length ?? 0)
      else if (opened.type === 'hms.state.vouched.v1') this.copy.hear(freshnessIn(opened))
      else throw recordError('HMS_EVENT_UNKNOWN', `${opened.type} is no event that this version knows on ${STATE_TOPIC}`)
    } catch (error) {
      // A record that fails to open does not block the records behind it.
      this.fail(
        error instanceof HmsError
          ? error
          : recordError('HMS_EVENT_UNREADABLE', `a record on ${STATE_TOPIC} cannot be opened: ${reasonOf(error)}`),
      )
    }
  }

  private add(recorded: EventData['hms.state.recorded.v1'], bytes: number): void {
    const { document } = recorded
    if (this.parts?.isNamed(document.id) === false) this.note(document)
    if (this.parts?.takes(recorded) === false) return
    this.startsOver ||= this.parts?.takeMissed() === true
    this.waiting.add(recorded, bytes, this.options.time.elapsed())
  }

  /** Verifies only the head of a policy that this reader does not follow: rollout's statement covers all of them. */
  private note({ id, scope, head }: ConfigDocument): void {
    if (scope !== STABLE_SCOPE) return
    try {
      const { policy, scope: said, seq, current } = readHead(head, this.options.rosters.newest.serviceKeys('rollout')).predicate
      if (policy === id && said === scope) this.copy.note({ policy, seq, current })
    } catch (error) {
      if (!(error instanceof SignatureError)) throw error
      this.fail(refusalOf(error))
    }
  }

  /** The end of the log was reached: the copy equals the log, as far as the log is complete. */
  private atEnd(): void {
    this.behind.watch()
    this.copy.confirm()
    this.apply(false)
    const doubt = this.copy.settle()
    this.contact.made()
    if (doubt === 'HMS_FRESHNESS_MIXED') this.readAgain()
    // No record may follow that would report the newer roster.
    else if (doubt !== undefined) this.copy.followRosters()
  }

  private apply(more: boolean): void {
    const documents = this.waiting.release(this.options.time.elapsed())
    const erased = this.waiting.takeErased()
    if (documents.length === 0 && erased.size === 0) return
    const revision = documents.reduce((newest, document) => Math.max(newest, document.revision), this.copy.revision)
    this.copy.take(revision, documents, { more, erased, along: this.parts?.along() })
  }

  /**
   * Reads the log from the beginning: rollout's statement names other heads. A log that lost its end and grew again may contain them before
   * this reader's offset.
   */
  private readAgain(): void {
    const now = this.options.time.elapsed()
    if (now - this.startedOverAt < AGAIN_MS) return
    this.startedOverAt = now
    this.place = 'beginning'
  }

  private down(error: Error): void {
    this.silence.stop()
    this.behind.stop()
    this.copy.stale(error.message)
    const passing = error instanceof HmsError && error.retryable
    if (!passing) this.fail(error)
    this.contact.failed({ reason: reasonOf(error), ...(error instanceof HmsError ? { refused: error } : {}) })
  }

  private watch(limitMs: number, what: string): Silence {
    return new Silence({
      clock: this.options.time,
      limitMs,
      // kafkajs does not expose partial responses.
      received: () => 0,
      onSilence: () => this.copy.stale(`${what} for ${limitMs / 1_000} s`),
    })
  }
}
