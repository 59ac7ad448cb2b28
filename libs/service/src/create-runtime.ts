import { STAGE_TOPICS, topicByName } from '#libs/contracts'
import {
  deadLetterTimer,
  EventConsumer,
  Outbox,
  Reconciler,
  Relay,
  SOURCE_PREFIX,
  type EventBus,
  type Leadership,
  type OutboxStore,
  type PositionStore,
} from '#libs/messaging'
import { Timers, type TimerStore } from '#libs/persistence'
import { followToken } from './authorization/follow-tokens.js'
import { TOKEN_EVENTS, TOKEN_TOPIC } from './authorization/signed-token.js'
import { followRoster, ROSTER_TOPIC, ROSTERS_CHANGED } from './rosters/follow-roster.js'
import { PruneTables } from './retention/prune-tables.js'
import { readRetentionConfig } from './retention/retention.config.js'
import { Rosters } from './rosters/rosters.js'
import { RosterReader } from './rosters/roster-reader.js'
import { ServiceRuntime, type RuntimeOptions } from './service-runtime.js'
import { Signals } from './signals.js'
import { SHARED_TABLES } from './shared-tables.js'
import { BacklogMonitor } from './vitals/backlog-monitor.js'
import { readVitals } from './vitals/vitals.js'

/** The stores of one service: all PostgreSQL, or all memory. */
export interface ServiceStores {
  outbox: OutboxStore
  positions: PositionStore
  timers: TimerStore
}

/** Elects a leader among the instances of a service, and notifies the others; an instance does not receive its own notifications. */
export interface Coordination {
  leadership: Leadership
  notify(topic: string): void
  onNotification(listener: (topic: string) => void): void
  /** Returns which of these instances have no session; rejects while unknown. */
  gone?(instances: readonly string[]): Promise<readonly string[]>
  close(): Promise<void>
}

/** Wires one service from its adapters. Nothing runs before `start()`. */
export function createRuntime(
  options: RuntimeOptions,
  stores: ServiceStores,
  bus: EventBus,
  coordination: Coordination,
  ready: () => Promise<{ database: boolean; migrations: boolean }>,
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
  const outbox = new Outbox(stores.outbox, name, signer, () => relay.rowsCommitted(), seal)
  const rosters = new Rosters(roster)
  const rosterReader = new RosterReader(rosters, database, clock, log)
  const consumer = new EventConsumer({
    service: name,
    database,
    bus,
    positions: stores.positions,
    outbox,
    roster: () => rosters.newest,
    catchUp: () => rosterReader.look(),
    seal,
    clock,
    log,
    metrics,
    stageTopic: STAGE_TOPICS[name],
    gone: coordination.gone,
    replayTimer: (tx, timer) => timers.replay(tx, timer),
  })
  const poison = { outbox, service: name, stageTopic: STAGE_TOPICS[name] }
  timers.giveUpBy((tx, timer, failure) => deadLetterTimer(tx, timer, failure, { letters: consumer.letters, poison }))
  const signals = new Signals(coordination)
  signals.on('outbox', () => relay.wake())
  // Approver writes the chain; the other services follow it.
  if (topicByName(ROSTER_TOPIC).consumers.includes(name))
    consumer.follow(['hms.roster.rotated.v1'], (event, tx) => followRoster(event, tx, rosters, signals))
  signals.on(ROSTERS_CHANGED, () => void rosterReader.look())
  // The issuing service does not follow its own events.
  if (topicByName(TOKEN_TOPIC).consumers.includes(name)) consumer.follow(TOKEN_EVENTS, (event, tx) => followToken(event, tx, signals))
  const vitals = new BacklogMonitor(name, () => readVitals(database, stores), clock, log, metrics)
  return new ServiceRuntime(options, {
    bus,
    consumer,
    outbox,
    relay,
    timers,
    vitals,
    pruning,
    rosters,
    rosterReader,
    signals,
    ready,
    close: async () => {
      await coordination.close()
      await database.close()
    },
  })
}
