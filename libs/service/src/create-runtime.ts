import { type ServiceName, STAGE_TOPICS, topicByName } from '#libs/contracts'
import {
  deadLetterTimer,
  type EventBus,
  EventConsumer,
  type Leadership,
  Outbox,
  type OutboxStore,
  type PositionStore,
  Reconciler,
  Relay,
  SOURCE_PREFIX,
  STATEMENT_SEAL,
} from '#libs/messaging'
import { Timers, type TimerStore } from '#libs/persistence'
import { Concerns } from './concerns.js'
import { followToken } from './authorization/follow-tokens.js'
import { TOKEN_EVENTS, TOKEN_TOPIC } from './authorization/signed-token.js'
import { PruneTables } from './retention/prune-tables.js'
import { readRetentionConfig } from './retention/retention.config.js'
import { followRoster, ROSTER_TOPIC, RosterReader, Rosters, ROSTERS_CHANGED } from './rosters/rosters.js'
import type { ProcessParts, Readiness, RuntimeOptions, ServiceRuntime } from './service-runtime.js'
import { Signals } from './signals.js'
import { SHARED_TABLES } from './shared-tables.js'
import { BacklogMonitor, readVitals } from './vitals/backlog-monitor.js'
import type { Signer } from '#libs/signing'
import type { ServiceDefinition } from './service-definition.js'

/** The stores of one service: all PostgreSQL, or all memory. */
export interface ServiceStores {
  outbox: OutboxStore
  positions: PositionStore
  timers: TimerStore
}

/** Elects a leader among a service's instances, and notifies the other instances; an instance does not receive its own notifications. */
export interface Coordination {
  leadership: Leadership
  notify(topic: string): void
  onNotification(listener: (topic: string) => void): void
  /** Returns those of the given instances that have no session; rejects while this is unknown. */
  findDisconnected?(instances: readonly string[]): Promise<readonly string[]>
  close(): Promise<void>
}

/** Wires one service from its adapters. Nothing runs before `start()`. */
export function createRuntime(
  options: RuntimeOptions,
  stores: ServiceStores,
  bus: EventBus,
  coordination: Coordination,
  ready: () => Promise<Readiness>,
): ServiceRuntime {
  const { name, tables = [], database, clock, log, metrics, roster, signer, seal } = options
  const source = `${SOURCE_PREFIX}${name}`
  const reconciler = new Reconciler(database, stores.outbox, bus, source, log, metrics)
  const pruning = new PruneTables(
    name,
    [...SHARED_TABLES, ...tables],
    database,
    stores,
    readRetentionConfig(options.environment),
    log,
    metrics,
  )
  const relay = new Relay(
    database,
    stores.outbox,
    bus,
    coordination.leadership,
    reconciler,
    source,
    clock,
    log,
    () => pruning.execute(),
    () => coordination.notify('outbox'),
  )
  const timers = new Timers(database, stores.timers, clock, log)
  const outbox = new Outbox(stores.outbox, name, signer, () => relay.rowsCommitted(), seal) // guard: outbox
  const rosters = new Rosters(roster)
  const rosterReader = new RosterReader(rosters, database, clock, log)
  const consumer = new EventConsumer({
    service: name,
    database,
    bus,
    positions: stores.positions,
    outbox,
    roster: () => rosters.newest,
    loadNewerRoster: () => rosterReader.poll(),
    seal,
    clock,
    log,
    metrics,
    stageTopic: STAGE_TOPICS[name],
    findDisconnected: coordination.findDisconnected,
    replayTimer: (tx, timer) => timers.replay(tx, timer),
  })
  const poison = { outbox, service: name, stageTopic: STAGE_TOPICS[name] }
  // guard: timer-give-up
  timers.onGiveUp((tx, timer, failure) => deadLetterTimer(tx, timer, failure, { letters: consumer.letters, poison }))
  const signals = new Signals(coordination)
  signals.on('outbox', () => relay.wake())
  // Approver writes the chain; the other services follow it.
  if (topicByName(ROSTER_TOPIC).consumers.includes(name))
    consumer.addPreHandler(['hms.roster.rotated.v1'], (event, tx) => followRoster(event, tx, rosters, signals))
  signals.on(ROSTERS_CHANGED, () => void rosterReader.poll())
  // The issuing service does not follow its own events.
  if (topicByName(TOKEN_TOPIC).consumers.includes(name))
    consumer.addPreHandler(TOKEN_EVENTS, (event, tx) => followToken(event, tx, signals))
  const vitals = new BacklogMonitor(name, () => readVitals(database, stores, timers.kinds), clock, log, metrics)
  return {
    ...options,
    seal: seal ?? STATEMENT_SEAL,
    signerNamed: options.signerNamed ?? (async () => undefined),
    concerns: new Concerns(),
    bus,
    consumer,
    outbox,
    timers,
    signals,
    rosters,
    get roster() {
      return rosters.newest
    },
    pruning,
    vitals,
    open: async () => void (await rosterReader.poll()),
    start() {
      rosterReader.polls.start()
      relay.start()
      timers.start()
      vitals.polls.start()
    },
    async stop() {
      void rosterReader.polls.stop()
      consumer.stop()
      void vitals.polls.stop()
      await timers.stop()
      await relay.stop()
      await coordination.close()
      await database.close()
    },
    ready,
    get idle() {
      return relay.idle && timers.idle && consumer.idle
    },
  }
}

/** Database and stores of one service, as opened by the composition root. */
export interface OpenService extends Pick<ServiceRuntime, 'database' | 'ownStores'> {
  stores: ServiceStores
  coordination: Coordination
  ready(): Promise<Readiness>
}

/** Adapters chosen by a composition root: real ones in production and `dev`, memory adapters in tests. */
export interface HostAdapters extends ProcessParts {
  bus: EventBus
  signerOf(service: ServiceName): Promise<Signer>
  open(definition: ServiceDefinition): Promise<OpenService>
  version: string
  /** Stops the exporter of traces; called last, so that it receives all spans. */
  stopTracing?(): Promise<void>
}
