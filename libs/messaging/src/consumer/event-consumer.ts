import { topicByName, type ReceivedEvent, type ServiceName } from '#libs/contracts'
import type { Database, Transaction } from '#libs/persistence'
import { describeError, isTransient, pause, TerminalError, uuidv7, type Clock, type Logger, type Metrics } from '#libs/platform'
import type { Roster } from '#libs/signing'
import { openRecord, recordOf, SOURCE_PREFIX } from '../cloud-event.js'
import { DEAD_LETTERS } from '../dead-letters/dead-letter.entity.js'
import { HEARTBEAT_KEY, type BusRecord, type EventBus } from '../event-bus.js'
import type { PositionStore, StreamKey } from '../inbox/position.store.js'
import type { Outbox } from '../outbox/outbox.js'
import { keysOf } from './aggregate-keys.js'

/** Handles one verified event inside the transaction that moves the stream's position. It must not take longer than 50 ms. */
export type EventHandler = (event: ReceivedEvent, tx: Transaction) => Promise<void>

export interface EventConsumerDependencies {
  service: ServiceName
  database: Database
  bus: EventBus
  positions: PositionStore
  outbox: Outbox
  roster: Roster
  clock: Clock
  log: Logger
  metrics: Metrics
  /** Where this service tells of a poisoned run; `undefined` when it is no stage. */
  stageTopic: string | undefined
}

/** What became of a record, and the event that waited for it. */
interface Done {
  outcome: 'handled' | 'duplicate' | 'parked' | 'forged' | 'unreadable' | 'dead-letter'
  parked?: ReceivedEvent
}

const MAX_TRIES = 3
const BACK_OFF_MS = [50, 100, 250, 500, 1_000, 2_000] as const
/** People's decisions and rollbacks must not wait behind a slow handler: they have a consumer of their own. */
const CONTROL_TOPIC = 'hms.run.control.v1'

/** The one way events reach a service: verify, lock, position, handler, commit; failures by their kind (design §4). */
export class EventConsumer {
  private readonly handlers = new Map<string, EventHandler>()
  private stopping = false
  private inFlight = 0

  constructor(private readonly deps: EventConsumerDependencies) {}

  on(topic: string, handler: EventHandler): void {
    topicByName(topic)
    if (this.handlers.has(topic)) throw new TypeError(`${this.deps.service} handles ${topic} twice`)
    this.handlers.set(topic, handler)
  }

  async start(): Promise<void> {
    const topics = [...this.handlers.keys()].map(topicByName)
    const groups = [
      { group: this.deps.service as string, topics: topics.filter((topic) => topic.name !== CONTROL_TOPIC) },
      { group: `${this.deps.service}.control`, topics: topics.filter((topic) => topic.name === CONTROL_TOPIC) },
    ]
    for (const { group, topics: mine } of groups) {
      if (mine.length > 0) await this.deps.bus.subscribe({ group, topics: mine, handle: (record) => this.handle(record) })
    }
  }

  stop(): void {
    this.stopping = true
  }

  get idle(): boolean {
    return this.inFlight === 0
  }

  /** Resolves when the record is done with: handled, skipped, parked or a dead letter. Rejects only while stopping. */
  async handle(record: BusRecord): Promise<void> {
    if (record.key === HEARTBEAT_KEY || record.value === null) return
    this.inFlight++
    try {
      // Events that waited for this one are handled after it, each in its own transaction: one that fails takes no other with it.
      for (let next: BusRecord | undefined = record; next !== undefined; ) next = await this.measured(next)
    } finally {
      this.inFlight--
    }
  }

  private async measured(record: BusRecord): Promise<BusRecord | undefined> {
    const { service, metrics } = this.deps
    const startedAt = process.hrtime.bigint()
    const { outcome, parked } = await this.tryUntilDone(record)
    metrics.handled.inc({ service, topic: record.topic, outcome })
    metrics.handlerSeconds.observe({ service, topic: record.topic }, Number(process.hrtime.bigint() - startedAt) / 1e9)
    return parked === undefined ? undefined : recordOf({ ...parked, value: JSON.stringify(parked.envelope) }, 'parked')
  }

  private async tryUntilDone(record: BusRecord): Promise<Done> {
    let tries = 0
    for (let waits = 0; ; ) {
      try {
        return await this.process(record)
      } catch (error) {
        if (this.stopping) throw error
        const fields = { service: this.deps.service, topic: record.topic, position: record.position, error: describeError(error) }
        if (isTransient(error)) {
          this.deps.log.warn(fields, 'event met a transient fault and is tried again')
          await pause(this.deps.clock, BACK_OFF_MS[Math.min(waits++, BACK_OFF_MS.length - 1)]!)
          continue
        }
        tries++
        if (tries < MAX_TRIES && !(error instanceof TerminalError)) continue
        this.deps.log.error({ ...fields, stack: error instanceof Error ? error.stack : undefined }, 'event given up')
        return { outcome: 'dead-letter', parked: await this.untilStored(() => this.giveUp(record, error, tries)) }
      }
    }
  }

  private async process(record: BusRecord): Promise<Done> {
    const { service, database, roster, positions } = this.deps
    const opened = openRecord(record, topicByName(record.topic).producers, roster)
    if (!opened.ok) {
      this.deps.log.error({ service, topic: record.topic, position: record.position, code: opened.code }, 'event refused')
      await database.transaction((tx) => this.bury(tx, record, opened.code, opened.detail, null, 1, opened.kind === 'forged' ? 'ignored' : 'waiting'))
      return { outcome: opened.kind }
    }
    const { event } = opened
    return database.locked(keysOf(event), async (tx) => {
      const stream = this.streamOf(event)
      const { place, parked } = await positions.advance(tx, stream, event.keySeq)
      if (place === 'gap') {
        await positions.park(tx, stream, event)
        this.deps.log.warn({ service, topic: event.topic, key: event.key, keySeq: event.keySeq }, 'event came before an earlier one and waits')
        return { outcome: 'parked' }
      }
      if (place === 'next') await this.run(event, tx)
      // Also after a duplicate: a crash may have come between this event and the one that waits for it.
      return { outcome: place === 'next' ? 'handled' : 'duplicate', parked: parked ? await positions.unpark(tx, stream, event.keySeq) : undefined }
    })
  }

  private async run(event: ReceivedEvent, tx: Transaction): Promise<void> {
    const handler = this.handlers.get(event.topic)
    if (handler === undefined) throw new TerminalError('HMS_EVENT_UNHANDLED', `${this.deps.service} does not handle ${event.topic}`)
    await handler(event, tx)
  }

  /** Moves the key past an event that cannot be handled, keeps the event, and fails its run with that reason. */
  private async giveUp(record: BusRecord, error: unknown, tries: number): Promise<ReceivedEvent | undefined> {
    const { database, outbox, positions, roster, service, stageTopic } = this.deps
    const opened = openRecord(record, topicByName(record.topic).producers, roster)
    const event = opened.ok ? opened.event : undefined
    const code = error instanceof TerminalError ? error.code : 'HMS_EVENT_HANDLER_FAILED'
    const parked = await database.transaction(async (tx) => {
      const run = event?.runId === undefined ? null : Number(event.runId)
      await tx.lock(event === undefined ? [] : keysOf(event))
      await this.bury(tx, record, code, describeError(error), run, tries, 'waiting')
      if (event === undefined) return undefined
      await positions.advance(tx, this.streamOf(event), event.keySeq)
      if (run !== null && stageTopic !== undefined) {
        const attempt = event.attempt ?? 1
        const data = { run, attempt, group: service, reason: 'POISONED', detail: `${service} could not handle ${event.type} (${code})` }
        await outbox.emit(tx, 'hms.run.poisoned.v1', data, { key: event.key, run, attempt, causationId: event.id, topic: stageTopic })
      }
      return positions.unpark(tx, this.streamOf(event), event.keySeq)
    })
    this.deps.metrics.deadLetters.inc({ service, code })
    return parked
  }

  private async bury(
    tx: Transaction,
    record: BusRecord,
    code: string,
    detail: string,
    run: number | null,
    tries: number,
    state: 'waiting' | 'ignored',
  ): Promise<void> {
    await tx.documents(DEAD_LETTERS).put({
      id: uuidv7(tx.now),
      group: this.deps.service,
      topic: record.topic,
      key: record.key,
      value: record.value,
      headers: record.headers,
      position: record.position,
      code,
      detail,
      run,
      tries,
      state,
      at: tx.now.toISOString(),
    })
  }

  private async untilStored<T>(store: () => Promise<T>): Promise<T> {
    for (let waits = 0; ; ) {
      try {
        return await store()
      } catch (error) {
        if (this.stopping || !isTransient(error)) throw error
        await pause(this.deps.clock, BACK_OFF_MS[Math.min(waits++, BACK_OFF_MS.length - 1)]!)
      }
    }
  }

  private streamOf(event: ReceivedEvent): StreamKey {
    return { consumer: this.deps.service, producer: event.source.slice(SOURCE_PREFIX.length), topic: event.topic, key: event.key }
  }
}
