import { topicByName, type ReceivedEvent, type ServiceName } from '#libs/contracts'
import type { Database, Transaction } from '#libs/persistence'
import { describeError, isTransient, pause, TerminalError, uuidv7, type Clock, type Logger, type Metrics } from '#libs/platform'
import type { Roster } from '#libs/signing'
import { openRecord, SOURCE_PREFIX } from '../cloud-event.js'
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
    const startedAt = process.hrtime.bigint()
    try {
      const outcome = await this.tryUntilDone(record)
      this.deps.metrics.handled.inc({ service: this.deps.service, topic: record.topic, outcome })
      this.deps.metrics.handlerSeconds.observe({ service: this.deps.service, topic: record.topic }, Number(process.hrtime.bigint() - startedAt) / 1e9)
    } finally {
      this.inFlight--
    }
  }

  private async tryUntilDone(record: BusRecord): Promise<string> {
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
        await this.untilStored(() => this.giveUp(record, error, tries))
        return 'dead-letter'
      }
    }
  }

  private async process(record: BusRecord): Promise<string> {
    const { service, database, roster } = this.deps
    const opened = openRecord(record, topicByName(record.topic).producers, roster)
    if (!opened.ok) {
      this.deps.log.error({ service, topic: record.topic, position: record.position, code: opened.code }, 'event refused')
      await database.transaction((tx) => this.bury(tx, record, opened.code, opened.detail, null, 1, opened.kind === 'forged' ? 'ignored' : 'waiting'))
      return opened.kind
    }
    const { event } = opened
    return database.transaction(async (tx) => {
      await tx.lock(keysOf(event))
      const stream = this.streamOf(event)
      const place = await this.deps.positions.advance(tx, stream, event.keySeq)
      if (place === 'duplicate') return 'duplicate'
      if (place === 'gap') {
        await this.deps.positions.park(tx, stream, event)
        this.deps.log.warn({ service, topic: event.topic, key: event.key, keySeq: event.keySeq }, 'event came before an earlier one and waits')
        return 'parked'
      }
      await this.run(event, tx)
      await this.drain(stream, event.keySeq, tx)
      return 'handled'
    })
  }

  private async run(event: ReceivedEvent, tx: Transaction): Promise<void> {
    const handler = this.handlers.get(event.topic)
    if (handler === undefined) throw new TerminalError('HMS_EVENT_UNHANDLED', `${this.deps.service} does not handle ${event.topic}`)
    await handler(event, tx)
  }

  private async drain(stream: StreamKey, handled: number, tx: Transaction): Promise<void> {
    for (let next = handled + 1; ; next++) {
      const parked = await this.deps.positions.unpark(tx, stream, next)
      if (parked === undefined) return
      await tx.lock(keysOf(parked))
      await this.deps.positions.advance(tx, stream, next)
      await this.run(parked, tx)
    }
  }

  /** Moves the key past an event that cannot be handled, keeps the event, and fails its run with that reason. */
  private async giveUp(record: BusRecord, error: unknown, tries: number): Promise<void> {
    const opened = openRecord(record, topicByName(record.topic).producers, this.deps.roster)
    const event = opened.ok ? opened.event : undefined
    const code = error instanceof TerminalError ? error.code : 'HMS_EVENT_HANDLER_FAILED'
    await this.deps.database.transaction(async (tx) => {
      if (event !== undefined) {
        await tx.lock(keysOf(event))
        await this.deps.positions.advance(tx, this.streamOf(event), event.keySeq)
      }
      const run = event?.runId === undefined ? null : Number(event.runId)
      await this.bury(tx, record, code, describeError(error), run, tries, 'waiting')
      if (run === null || event === undefined || this.deps.stageTopic === undefined) return
      const data = { run, attempt: event.attempt ?? 1, group: this.deps.service, reason: 'POISONED', detail: `${this.deps.service} could not handle ${event.type} (${code})` }
      await this.deps.outbox.emit(tx, 'hms.run.poisoned.v1', data, {
        key: event.key,
        run,
        attempt: data.attempt,
        causationId: event.id,
        topic: this.deps.stageTopic,
      })
    })
    this.deps.metrics.deadLetters.inc({ service: this.deps.service, code })
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

  private async untilStored(store: () => Promise<void>): Promise<void> {
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
