import { setTimeout } from 'node:timers/promises'
import { HmsError, type ConfigDocument, type EventData } from '#libs/contracts'
import { readHead, SignatureError, STABLE_SCOPE } from '#libs/signing'
import { backoffMs } from '../backoff.js'
import { Silence } from '../connection/link/silence.js'
import type { Feed, ReaderOptions } from '../connection/feed.js'
import type { ReaderSession } from '../connection/reader-session.js'
import { refusalOf } from '../connection/refusals.js'
import { documentIn, freshnessIn, openRecord, recordError } from './open-record.js'
import { LogSelection } from './log-selection.js'
import type { RecordBatch, RecordSource, ReadPosition, TopicRecord } from './record-source.js'
import { WholeRevisions } from './whole-revisions.js'
import { reasonOf } from '../api/problem-to-error.js'

export interface LogFeedOptions extends Pick<ReaderOptions, 'policies' | 'rosters'> {
  source: RecordSource
  random?: () => number
}

export const STATE_TOPIC = 'hms.config.state.v1'
/** Maximum wait in ms of a read at the end of the log. It bounds the duration of closing; a new record is returned immediately. */
const READ_WAIT_MS = 1_000
/** Time in ms without a response after which the reader is STALE. An available broker responds within `READ_WAIT_MS`. */
const SILENCE_MS = 5_000
/** Time in ms without reaching the end of the log after which the reader is STALE, although the broker responds. */
const BEHIND_MS = 30_000
/** Minimum interval in ms between reads from the beginning, which follow when the heads differ from rollout's statement. */
const RESTART_PAUSE_MS = 60_000

/** Feeds a session from the compacted state topic; ready at the topic's end. Records are not trusted: an invalid one is skipped. */
export class LogFeed implements Feed {
  private readonly waiting = new WholeRevisions()
  private readonly selection: LogSelection | undefined
  private readonly closing = new AbortController()
  private position: ReadPosition = 'beginning'
  private mustRestart = false
  private readonly silence: Silence
  private readonly endSilence: Silence
  private restartedAt = Number.NEGATIVE_INFINITY
  private running: Promise<void> = Promise.resolve()

  constructor(
    private readonly session: ReaderSession,
    private readonly options: LogFeedOptions,
  ) {
    this.selection = options.policies === undefined ? undefined : new LogSelection(options.policies)
    this.silence = this.watch(SILENCE_MS, `${options.source.name} has not responded`)
    this.endSilence = this.watch(BEHIND_MS, 'the end of the log was not reached')
  }

  /** Starts to read, always from the beginning, because the log is compacted. */
  start(): void {
    this.running = this.run()
  }

  /** Does nothing, because bots on this topic are not counted. */
  applied(): void {}

  /** Reads the topic again from the beginning. */
  rosterChanged(): void {
    this.mustRestart = true
  }

  async stop(): Promise<void> {
    this.silence.stop()
    this.endSilence.stop()
    this.closing.abort()
    await this.options.source.close()
    await this.running
  }

  private async run(): Promise<void> {
    const { source, rosters, random } = this.options
    // Verifies by the newest roster; if rosters cannot be read, by the known one until rollout's freshness statement names a newer one.
    await rosters.follow().catch((error: unknown) => this.session.emitError(error as Error))
    for (let attempt = 0; !this.closing.signal.aborted;) {
      try {
        this.receive(await source.read(STATE_TOPIC, this.position, READ_WAIT_MS))
        if (!this.closing.signal.aborted) this.silence.watch()
        attempt = 0
      } catch (error) {
        if (this.closing.signal.aborted) return
        this.down(error as Error)
        // Unlike the clock's timers, this timer keeps the process alive: a follower of a log runs until `close`.
        await setTimeout(backoffMs(attempt++, random), undefined, { signal: this.closing.signal }).catch(() => {})
      }
    }
  }

  private receive({ records, next, end }: RecordBatch): void {
    if (this.session.state === 'CLOSED') return
    if (this.position === 'beginning') this.session.forgetRefusals()
    for (const record of records) this.receiveRecord(record)
    this.position = this.mustRestart ? 'beginning' : next
    this.mustRestart = false
    if (end) this.atEnd()
    else if (this.waiting.full) this.apply(true)
  }

  private receiveRecord(record: TopicRecord): void {
    try {
      const opened = openRecord(STATE_TOPIC, record)
      if (opened === undefined) return this.waiting.erase(record)
      if (opened.type === 'hms.state.recorded.v1') this.add(documentIn(opened), record.value?.length ?? 0)
      else if (opened.type === 'hms.state.vouched.v1') this.session.takeFreshness(freshnessIn(opened))
      else throw recordError('HMS_EVENT_UNKNOWN', `${opened.type} is an unknown event on ${STATE_TOPIC}`)
    } catch (error) {
      // An unreadable record does not block the records after it.
      this.session.emitError(
        error instanceof HmsError
          ? error
          : recordError('HMS_EVENT_UNREADABLE', `a record on ${STATE_TOPIC} cannot be opened: ${reasonOf(error)}`),
      )
    }
  }

  private add(recorded: EventData['hms.state.recorded.v1'], bytes: number): void {
    const { document } = recorded
    if (this.selection?.isNamed(document.id) === false) this.recordStableHead(document)
    if (this.selection?.select(recorded) === false) return
    this.mustRestart ||= this.selection?.consumeMissed() === true
    this.waiting.add(recorded, bytes, this.session.time.elapsed())
  }

  /** Verifies and records only the head of an unfollowed policy, because rollout's statement covers all stable heads. */
  private recordStableHead({ id, scope, head }: ConfigDocument): void {
    if (scope !== STABLE_SCOPE) return
    try {
      const { policy, scope: headScope, seq, current } = readHead(head, this.options.rosters.newest.serviceKeys('rollout')).predicate
      if (policy === id && headScope === scope) this.session.copy.recordStableHead({ policy, seq, current })
    } catch (error) {
      if (!(error instanceof SignatureError)) throw error
      this.session.emitError(refusalOf(error))
    }
  }

  /** Updates the state at the end of the log, where the copy equals the log. */
  private atEnd(): void {
    this.endSilence.watch()
    this.session.confirm()
    this.apply(false)
    const staleCode = this.session.updateState()
    this.session.contact.made()
    if (staleCode === 'HMS_FRESHNESS_MIXED') this.restart()
    // Rosters are fetched here, because there may be no later record that would trigger the fetch.
    else if (staleCode !== undefined) this.session.followRosters()
  }

  private apply(more: boolean): void {
    const documents = this.waiting.release(this.session.time.elapsed())
    const erased = this.waiting.drainErased()
    if (documents.length === 0 && erased.size === 0) return
    const revision = documents.reduce((newest, document) => Math.max(newest, document.revision), this.session.revision)
    this.session.apply(revision, documents, { more, erased, bundleSiblings: this.selection?.bundleSiblings() })
  }

  /** Reads the log again: the statement covers other heads, which may be before this offset if the log was truncated and grew. */
  private restart(): void {
    const now = this.session.time.elapsed()
    if (now - this.restartedAt < RESTART_PAUSE_MS) return
    this.restartedAt = now
    this.position = 'beginning'
  }

  private down(error: Error): void {
    this.silence.stop()
    this.endSilence.stop()
    this.session.becomeStale(error.message)
    const isTransient = error instanceof HmsError && error.retryable
    if (!isTransient) this.session.emitError(error)
    this.session.contact.failed({ reason: reasonOf(error), ...(error instanceof HmsError ? { refused: error } : {}) })
  }

  private watch(limitMs: number, problem: string): Silence {
    return new Silence({
      clock: this.session.time,
      limitMs,
      // kafkajs does not expose how much of a response has arrived.
      received: () => 0,
      onSilence: () => this.session.becomeStale(`${problem} for ${limitMs / 1_000} s`),
    })
  }
}
