import { HEARTBEAT_KEY, RETENTION_MS, topicByName, topicsOfType, type EventType, type VerifiedEvent } from '#libs/contracts'
import type { DocumentTable, Transaction } from '#libs/persistence'
import { backOffMs, describeError, inTrace, isTransient, messageSpan, pause, TerminalError } from '#libs/platform'
import type { Roster } from '#libs/signing'
import { openRecord, recordOf, SOURCE_PREFIX } from '../cloud-event.js'
import { codeOf } from '../dead-letters/code-of.js'
import { DeadLetterBox, type SignedDecision } from '../dead-letters/dead-letter-box.js'
import type { DeadLetter } from '../dead-letters/dead-letter.table.js'
import { replayLetter, replayLettersOfNewerBuilds } from '../dead-letters/replay-letter.js'
import type { ReplayTimer } from '../dead-letters/timer-dead-letter.js'
import type { BusRecord, EventBus, Subscription } from '../event-bus.js'
import type { EventSeal } from '../event-seal.js'
import type { Advance, StreamKey } from '../inbox/position.store.js'
import { aggregateKeysOf } from '../aggregate-keys.js'
import { EventRoutes, type EventHandler, type TopicHandler } from './event-routes.js'
import { isOfNewerBuild, NEWER_MAJOR } from '../dead-letters/newer-build.js'
import { OverdueGaps, type OverdueGapsDependencies } from './overdue-gaps.js'
import { groupOf } from '../group-of.js'
import { poisonRunOf, runOf, type PoisonDependencies } from '../dead-letters/poison-run.js'
import { compatibilityOf } from './event-schema.js'

/** Handles a record that none of our services wrote. `false` rejects the record, which is dead-lettered as forged or unreadable. */
export type ExternalRecordHandler = (record: BusRecord, tx: Transaction) => Promise<boolean>

export interface EventConsumerDependencies extends OverdueGapsDependencies, PoisonDependencies {
  bus: EventBus
  /** Returns the current roster. Called at every use, because the roster changes while the service runs. */
  roster(): Roster
  /** Checks for a newer roster; returns `true` when it loaded one. */
  loadNewerRoster?(): Promise<boolean>
  /** Format in which events are read; default: signed statements. */
  seal?: EventSeal
  /** Returns those of the given instances of this service that are gone; absent where instances are not tracked. */
  findDisconnected?: Subscription['findDisconnected']
  replayTimer?: ReplayTimer
}

type Outcome = 'handled' | 'ignored-stale' | 'unknown' | 'duplicate' | 'parked' | (typeof DEAD_LETTERED)[number]
const DEAD_LETTERED = ['forged', 'unreadable', 'dead-letter'] as const

/** Outcome of a record, and the next parked event of its stream, if any. */
interface RecordResult {
  outcome: Outcome
  parked?: VerifiedEvent
}

interface TopicOptions {
  everyType?: boolean
  /** Whether the handler only writes, which saves packets. It must not read `now`. */
  writesOnly?: boolean
  /** Called for a duplicate of a handled event; must not count the event twice. */
  onDuplicate?: (event: VerifiedEvent, tx: Transaction) => Promise<void>
}

interface Subscriber extends TopicOptions {
  handle: TopicHandler
  everyType: boolean
}

const MAX_TRIES = 3
const PARKED = 'parked'

/** Single entry point of events into a service: verify, lock aggregates, advance the position, handle, commit. Failures: ADR 0003. */
export class EventConsumer {
  readonly letters = new DeadLetterBox(this.deps)
  private readonly subscribers = new Map<string, Subscriber>()
  private readonly externalHandlers = new Map<string, ExternalRecordHandler>()
  private readonly preHandlers = new Map<string, EventRoutes>()
  private readonly routes = new Map<string, EventRoutes>()
  private readonly gaps = new OverdueGaps((event) => this.handleWithParked(recordOfEvent(event), 'skip'), this.deps)
  private readonly aheadTables: { table: DocumentTable<never>; types: readonly string[] | undefined }[] = []
  private stopping = false
  private inFlight = 0

  constructor(private readonly deps: EventConsumerDependencies) {}

  /** Registers a handler for events of these types. Other events on the same topics are read and skipped. */
  on<T extends EventType>(types: readonly T[], handle: EventHandler<T>): void {
    for (const type of types) {
      for (const topic of topicsOfType(type, this.deps.service))
        routesIn(this.routes, topic, (routes) => this.onTopic(topic, routes.handle)).add(type, handle)
    }
  }

  /** Registers a handler for all known types of a topic; with `everyType` also unknown ones, for a reader that interprets no events. */
  onTopic(topic: string, handle: TopicHandler, { everyType = false, ...options }: TopicOptions = {}): void {
    topicByName(topic)
    if (this.subscribers.has(topic)) throw new TypeError(`${this.deps.service} handles ${topic} twice`)
    this.subscribers.set(topic, { handle, everyType, ...options })
  }

  /** Registers a handler of external producers' records. A record whose source header names one of our services is not passed to it. */
  onExternalRecord(topic: string, handle: ExternalRecordHandler): void {
    topicByName(topic)
    this.externalHandlers.set(topic, handle)
  }

  /** Registers a handler of libs/service itself (roster, tokens). It runs before the service's own handler, in the same transaction. */
  addPreHandler<T extends EventType>(types: readonly T[], handle: EventHandler<T>): void {
    for (const type of types) {
      for (const topic of topicsOfType(type, this.deps.service)) routesIn(this.preHandlers, topic).add(type, handle)
    }
  }

  /** Registers a table, with run numbers as ids, that handlers of these events read first: the run's document is read with the locks. */
  readAhead(table: DocumentTable<never>, types?: readonly EventType[]): void {
    this.aheadTables.push({ table, types })
  }

  async start(): Promise<void> {
    const { service, bus, findDisconnected, metrics } = this.deps
    const topics = [...new Set([...this.subscribers.keys(), ...this.preHandlers.keys()])].map(topicByName)
    // PromQL's `increase` ignores the first sample of a series, so each series starts at 0.
    for (const { name: topic } of topics) for (const outcome of DEAD_LETTERED) metrics.handled.inc({ group: service, topic, outcome }, 0)
    for (const group of new Set(topics.map(({ name }) => groupOf(service, name)))) {
      const mine = topics.filter(({ name }) => groupOf(service, name) === group)
      await bus.subscribe({ group, topics: mine, handle: (record) => this.handle(record), findDisconnected })
    }
    this.gaps.polls.start()
    void this.replayLettersOfNewerBuilds()
  }

  stop(): void {
    this.stopping = true
    void this.gaps.polls.stop()
  }

  get idle(): boolean {
    return this.inFlight === 0
  }

  /** Resolves when the record is handled, skipped, parked or dead-lettered. Rejects while stopping, or if its letter cannot be stored. */
  async handle(record: BusRecord): Promise<void> {
    if (record.key === HEARTBEAT_KEY || (record.value === null && topicByName(record.topic).cleanup === 'compact')) return
    await this.handleWithParked(record)
  }

  /** Handles the record and the parked events that follow it, each in its own transaction, so a failure affects no other event. */
  private async handleWithParked(first: BusRecord, gap?: 'skip'): Promise<void> {
    this.inFlight++
    try {
      let parked = await this.handleMeasured(first, gap)
      while (parked !== undefined) parked = await this.handleMeasured(parked)
    } finally {
      this.inFlight--
    }
  }

  private async handleMeasured(record: BusRecord, gap?: 'skip'): Promise<BusRecord | undefined> {
    const { service, metrics } = this.deps
    const startedAt = process.hrtime.bigint()
    const { outcome, parked } = await this.handleWithRetries(record, gap)
    const labels = { group: service, topic: record.topic, outcome }
    metrics.handled.inc(labels)
    metrics.handlerSeconds.observe(labels, Number(process.hrtime.bigint() - startedAt) / 1e9)
    return parked === undefined ? undefined : recordOfEvent(parked)
  }

  private async handleWithRetries(record: BusRecord, gap?: 'skip'): Promise<RecordResult> {
    let tries = 0
    for (let waits = 0; ;) {
      try {
        return await this.process(record, gap)
      } catch (error) {
        if (this.stopping) throw error
        const fields = { service: this.deps.service, topic: record.topic, position: record.position, error: describeError(error) }
        if (isTransient(error)) {
          this.deps.log.warn(fields, 'event handling met a transient fault; retrying')
          await pause(this.deps.clock, backOffMs(++waits))
          continue
        }
        tries++
        if (tries < MAX_TRIES && !(error instanceof TerminalError)) continue
        this.deps.log.warn(
          { ...fields, stack: error instanceof Error ? error.stack : undefined },
          'event handling failed; the event becomes a dead letter',
        )
        return this.retryWhileTransient(() => this.deadLetter(record, error, tries, gap))
      }
    }
  }

  private async process(record: BusRecord, gap?: 'skip'): Promise<RecordResult> {
    const { service, database, positions } = this.deps
    const opened = await this.open(record)
    if (!opened.ok) {
      if (await this.handleExternal(record)) return { outcome: 'handled' }
      const { kind, code, detail } = opened
      const reason = { code, detail, run: null, tries: 1, state: kind === 'forged' ? 'ignored' : 'waiting' } as const
      await database.transaction(async (tx) => {
        await this.letters.store(tx, record, reason)
        const { position, topic, key, headers } = record
        if (position !== PARKED) return
        // The signing key was revoked meanwhile. The position stays: the event no longer proves that its predecessors were lost.
        // guard: refused-parked
        await positions.unpark(tx, this.streamOf({ topic, key: key!, source: headers['ce_source']! }), Number(headers['ce_keyseq']))
      })
      return { outcome: kind }
    }
    const { event } = opened
    const stream = this.streamOf(event)
    return inTrace(
      event.traceparent,
      async () =>
        (await this.withoutReading(event, gap)) ??
        this.advanced(event, gap, this.aheadTables, async (tx, { order, last, parked }) => {
          let outcome: Outcome = 'duplicate'
          // guard: late-beginning
          if (order === 'next' || (order === 'before' && this.acceptsOutOfOrder(event))) outcome = await this.run(event, tx)
          else if (order === 'duplicate') await this.subscribers.get(event.topic)?.onDuplicate?.(event, tx)
          else if (order === 'gap') {
            // The data are kept in the envelope only, because jsonb rejects NUL characters.
            await positions.park(tx, stream, { ...event, data: null })
            const fields = { service, topic: event.topic, key: event.key, keySeq: event.keySeq }
            tx.afterCommit(() => this.deps.log.warn(fields, 'event arrived before an earlier event of its key and is parked'))
            outcome = 'parked'
          }
          // A duplicate drains parked events too: a crash can leave some that are due.
          return { outcome, parked: parked ? await positions.unpark(tx, stream, last) : undefined }
        }),
      messageSpan('process', event, service),
    )
  }

  /** Runs `work` with the aggregates locked, the position advanced, and documents read ahead: one packet to the database. */
  private advanced<T>(
    event: VerifiedEvent,
    gap: 'skip' | undefined,
    ahead: typeof this.aheadTables,
    work: (tx: Transaction, advance: Advance) => Promise<T>,
  ): Promise<T> {
    const { database, positions } = this.deps
    const advance = (tx: Transaction): Promise<Advance> => {
      const { runId, type } = event
      for (const { table, types } of ahead) if (runId !== undefined && types?.includes(type) !== false) tx.readAhead(table, runId)
      return positions.advance(tx, this.streamOf(event), event.keySeq, gap ?? this.skipIfCompacted(event))
    }
    return database.locked(aggregateKeysOf(event), work, advance)
  }

  /** Handles an event in one packet if no handler reads. `undefined`: a handler reads, the event is out of order, or an error occurred. */
  private async withoutReading(event: VerifiedEvent, gap: 'skip' | undefined): Promise<RecordResult | undefined> {
    const { database, positions } = this.deps
    const { topic, type, keySeq } = event
    const [subscriber, routes] = [this.subscribers.get(topic), this.routes.get(topic)]
    const isHandled = routes === undefined ? subscriber !== undefined : routes.handlers.has(type)
    if ((isHandled && subscriber?.writesOnly !== true) || this.preHandlers.get(topic)?.handlers.has(type) === true) return undefined
    const handle = async (tx: Transaction): Promise<RecordResult> => {
      await positions.requireNext(tx, this.streamOf(event), keySeq, gap ?? this.skipIfCompacted(event))
      return { outcome: await this.run(event, tx) }
    }
    return database.writes(handle).catch(() => undefined)
  }

  private async handleExternal(record: BusRecord): Promise<boolean> {
    const handle = this.externalHandlers.get(record.topic)
    if (handle === undefined || (record.headers['ce_source'] ?? '').startsWith(SOURCE_PREFIX)) return false
    const { topic, key, headers } = record
    return inTrace(
      headers['ce_traceparent'] ?? headers['traceparent'],
      () => this.deps.database.transaction((tx) => handle(record, tx)),
      messageSpan('process', { topic, key, id: headers['ce_id'] ?? '', type: headers['ce_type'] ?? '' }, this.deps.service),
    )
  }

  /** Verifies a record. If its signing key is unknown, the roster is reloaded and the record verified again. */
  private async open(record: BusRecord): Promise<ReturnType<typeof openRecord>> {
    const { roster, loadNewerRoster, seal } = this.deps
    const { producers } = topicByName(record.topic)
    const opened = openRecord(record, producers, roster(), seal)
    const unknown = !opened.ok && opened.code === 'HMS_SIGNATURE_UNKNOWN_KEY'
    return unknown && (await loadNewerRoster?.()) === true ? openRecord(record, producers, roster(), seal) : opened
  }

  private async run(event: VerifiedEvent, tx: Transaction): Promise<Outcome> {
    const { service, log } = this.deps
    const [preHandler, subscriber] = [this.preHandlers.get(event.topic), this.subscribers.get(event.topic)]
    if (preHandler === undefined && subscriber === undefined)
      throw new TerminalError('HMS_EVENT_UNHANDLED', `${service} does not handle ${event.topic}`)
    const compatibility = compatibilityOf(event.type)
    const isForSubscriber = compatibility === 'known' || subscriber?.everyType === true
    if (compatibility === 'other-major' && !isForSubscriber)
      throw new TerminalError(NEWER_MAJOR, `this version of ${service} does not read ${event.type}`)
    if (compatibility === 'known') await preHandler?.handle(event, tx)
    const outcome = isForSubscriber ? ((await subscriber?.handle(event, tx)) ?? 'handled') : 'unknown'
    const { type, key, runId, attempt } = event
    const message = outcome === 'handled' ? 'event handled' : 'event ignored'
    tx.afterCommit(() => log.info({ service, type, key, run: runId, attempt, outcome }, message))
    return outcome
  }

  /** Dead-letters an event, advances its stream's position, and fails its run with the error's code, unless a newer build sent it. */
  private async deadLetter(record: BusRecord, error: unknown, tries: number, gap?: 'skip'): Promise<RecordResult> {
    const { database, positions } = this.deps
    const opened = await this.open(record)
    const reason = { code: codeOf(error), detail: describeError(error), run: null, tries, state: 'waiting' } as const
    if (!opened.ok) {
      await database.transaction((tx) => this.letters.store(tx, record, reason))
      return { outcome: 'dead-letter' }
    }
    const { event } = opened
    return inTrace(event.traceparent, () =>
      // A read that failed the handler must not fail the letter.
      this.advanced(event, gap, [], async (tx, { order }) => {
        // Another instance received the partition in the meantime and has handled the event.
        if (order === 'duplicate' || (order === 'before' && !this.acceptsOutOfOrder(event))) return { outcome: 'duplicate' }
        if (!isOfNewerBuild(reason.code)) await poisonRunOf(tx, event, reason.code, this.deps) // guard: newer-build-fails-no-run
        await this.letters.store(tx, record, { ...reason, run: runOf(event)?.run ?? null })
        return {
          outcome: 'dead-letter',
          parked: order === 'next' ? await positions.unpark(tx, this.streamOf(event), event.keySeq) : undefined,
        }
      }),
    )
  }

  /** Runs the handler on a dead letter; `by` is the caller who requested it, `signed` the caller's decision. */
  async replay(id: string, by: string, signed?: SignedDecision): Promise<DeadLetter> {
    const { service, database, roster, metrics, replayTimer, seal } = this.deps
    const run = (event: VerifiedEvent, tx: Transaction): Promise<string> => this.run(event, tx)
    const letter = await replayLetter({ letters: this.letters, database, roster: roster(), seal, run, replayTimer }, id, by, signed)
    metrics.handled.inc({ group: service, topic: letter.topic, outcome: 'replayed' })
    return letter
  }

  private async replayLettersOfNewerBuilds(): Promise<void> {
    const { log } = this.deps
    try {
      await this.retryWhileTransient(() => replayLettersOfNewerBuilds(this.letters, log, (id, by) => this.replay(id, by)))
    } catch (error) {
      log.debug({ error: describeError(error) }, 'dead letters of newer builds could not be replayed')
    }
  }

  private async retryWhileTransient<T>(work: () => Promise<T>): Promise<T> {
    for (let waits = 0; ;) {
      try {
        return await work()
      } catch (error) {
        if (this.stopping || !isTransient(error)) throw error
        await pause(this.deps.clock, backOffMs(++waits))
      }
    }
  }

  /** Returns `skip` if compaction may have deleted missing predecessors; where readers need every event, it starts after the retention. */
  private skipIfCompacted(event: VerifiedEvent): 'skip' | undefined {
    const { cleanup, newestOnly } = topicByName(event.topic)
    const ageMs = this.deps.clock.now().getTime() - Date.parse(event.time)
    return newestOnly === true || (cleanup === 'compact' && ageMs > RETENTION_MS / 2) ? 'skip' : undefined // guard: beside-newest
  }

  /** Whether the subscriber accepts events out of order: with `everyType` it needs every event, in any order, and drops duplicate ids. */
  private acceptsOutOfOrder({ topic }: VerifiedEvent): boolean {
    return this.subscribers.get(topic)?.everyType === true // guard: late-beginning-alone
  }

  private streamOf({ topic, key, source }: Pick<VerifiedEvent, 'topic' | 'key' | 'source'>): StreamKey {
    return { consumer: this.deps.service, producer: source.slice(SOURCE_PREFIX.length), topic, key }
  }
}

function routesIn(byTopic: Map<string, EventRoutes>, topic: string, onCreated?: (routes: EventRoutes) => void): EventRoutes {
  const known = byTopic.get(topic)
  if (known !== undefined) return known
  const routes = new EventRoutes()
  onCreated?.(routes)
  byTopic.set(topic, routes)
  return routes
}

function recordOfEvent(event: VerifiedEvent): BusRecord {
  return recordOf({ ...event, value: JSON.stringify(event.envelope) }, PARKED)
}
