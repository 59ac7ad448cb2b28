import type { ServiceName } from '#libs/contracts'
import type { EventSeal } from '#libs/messaging'
import { MemoryOutboxStore, MemoryPositionStore } from '#libs/messaging/testing'
import { MemoryTimerStore } from '#libs/persistence/testing'
import { silentLogger, type Clock, type Metrics } from '#libs/platform'
import { createRuntime, type Coordination, type ServiceDefinition, type ServiceRuntime, type ServiceStores } from '#libs/service'
import type { Roster, Signer } from '#libs/signing'
import type { InjectionToken } from '@nestjs/common'
import { memoryStores } from '../../apps/audit/src/testing/memory-stores.js'
import type { Broker } from './broker.js'
import type { Faults } from './faults.js'
import { Incarnation } from './incarnation.js'
import { Injector } from './injector.js'
import type { Scheduler } from './scheduler.js'
import type { BrokenTimer, Poison } from './plan.js'
import { SimulatedBus } from './simulated-bus.js'
import { DurableTables, SimulatedDatabase } from './simulated-database.js'
import { watchHandlers, watchTimers } from './witness.js'

/** What all services of a seed share. */
export interface Surroundings {
  scheduler: Scheduler
  broker: Broker
  faults: Faults
  metrics: Metrics
  roster: Roster
  environment: Record<string, string>
  signerOf(name: ServiceName): Signer
  seal: EventSeal | undefined
  /** Providers of a service that would reach out of the process. */
  insteadOf(name: ServiceName, incarnation: Incarnation): ReadonlyMap<InjectionToken, unknown>
  tell(who: string, what: string): void
  poison: Poison | undefined
  brokenTimer: BrokenTimer | undefined
  /** Ids of the events that the poison fell on. */
  poisoned: Set<string>
  /** Id of the timer that is broken, once one was. */
  brokenTimers: Set<string>
  staysDead(name: ServiceName): boolean
}

/** A life of a service, with what is made for it. */
export interface Life {
  incarnation: Incarnation
  runtime: ServiceRuntime
  injector: Injector
}

/** How often relays and timers look by themselves, and how often they do here while there is nothing to find. */
const POLL_MS = 1_000
const PATIENT_POLL_MS = 5_000

interface Hooks {
  onModuleInit?(): unknown
  onApplicationBootstrap?(): unknown
}

/** One service: its database, which stays, and the processes that work on it, which come and go. */
export class ServiceNode {
  readonly name: ServiceName
  readonly durable: DurableTables
  readonly stores: ServiceStores = { outbox: new MemoryOutboxStore(), positions: new MemoryPositionStore(), timers: new MemoryTimerStore() }
  private readonly ownStores: object | undefined
  lives: Life[] = []
  private leader: Incarnation | undefined
  private readonly listeners = new Map<Incarnation, (topic: string) => void>()
  private born = 0

  constructor(
    private readonly definition: ServiceDefinition,
    private readonly around: Surroundings,
  ) {
    this.name = definition.name
    this.ownStores = this.name === 'audit' ? memoryStores() : undefined
    this.durable = new DurableTables(around.scheduler)
  }

  /** Starts a process; when it dies, another takes its place after a while. */
  start(): Life {
    const { scheduler, faults, tell } = this.around
    const incarnation = new Incarnation(`${this.name}.${++this.born}`, scheduler, faults.fateAt)
    tell(incarnation.name, 'starts')
    const life = { incarnation, ...this.wire(incarnation) }
    this.lives.push(life)
    incarnation.onDeath(() => {
      this.lives = this.lives.filter((other) => other !== life)
      this.listeners.delete(incarnation)
      // Its session, and with it the advisory lock, ends when the database notices.
      scheduler.after(faults.noticedAfterMs(), () => this.releaseLeadership(incarnation))
      if (!this.around.staysDead(this.name)) scheduler.after(faults.restartAfterMs(), () => void this.start())
    })
    void this.boot(life)
    return life
  }

  /** The session of a leader that was stopped may end without it; it goes on believing that it leads. */
  releaseLeadership(incarnation: Incarnation): void {
    if (this.leader === incarnation) this.leader = undefined
  }

  private wire(incarnation: Incarnation): { runtime: ServiceRuntime; injector: Injector } {
    const { broker, faults, metrics, roster, environment } = this.around
    const database = new SimulatedDatabase(this.durable, incarnation, () => faults.commitFate(incarnation))
    const bus = new SimulatedBus(broker, incarnation, faults, (what) => this.around.tell(incarnation.name, what))
    const ready = async (): Promise<{ database: boolean; migrations: boolean }> => ({ database: true, migrations: true })
    const runtime = createRuntime(
      {
        name: this.name,
        tables: this.definition.tables,
        profile: 'dev',
        environment,
        database,
        ownStores: this.ownStores,
        clock: this.patient(incarnation),
        log: silentLogger,
        metrics,
        roster,
        signer: this.around.signerOf(this.name),
        seal: this.around.seal,
        configStoreUrls: [],
      },
      this.stores,
      bus,
      this.coordination(incarnation),
      ready,
    )
    const tell = (what: string): void => this.around.tell(incarnation.name, what)
    watchHandlers(this.name, runtime.consumer, this.around.poison, this.around.poisoned, tell)
    watchTimers(this.name, runtime.timers, this.around.brokenTimer, this.around.brokenTimers, tell)
    const injector = new Injector(this.definition.module, new Map([[this.name, runtime]]), this.around.insteadOf(this.name, incarnation))
    injector.bind(this.name, runtime.consumer)
    return { runtime, injector }
  }

  /** A third of all steps were polls that found nothing: what is due and what is unsent is known here, so they come less often. */
  private patient({ clock }: Incarnation): Clock {
    const after: Clock['after'] = (delayMs, action) =>
      clock.after(delayMs === POLL_MS ? this.durable.idleForMs(POLL_MS, PATIENT_POLL_MS) : delayMs, action)
    return { now: () => clock.now(), elapsedMs: () => clock.elapsedMs(), after }
  }

  /** As the host does; one that cannot boot ends, as a process would. */
  private async boot({ incarnation, runtime, injector }: Life): Promise<void> {
    try {
      await runtime.open()
      for (const instance of injector.instances()) await (instance as Hooks).onModuleInit?.()
      for (const instance of injector.instances()) await (instance as Hooks).onApplicationBootstrap?.()
      await runtime.consumer.start()
      runtime.start()
    } catch {
      this.around.tell(incarnation.name, 'could not start')
      incarnation.kill()
    }
  }

  private coordination(incarnation: Incarnation): Coordination {
    return {
      leadership: {
        tryLead: async () => {
          await incarnation.gate()
          this.leader ??= incarnation
          return this.leader === incarnation
        },
      },
      notify: (topic) => {
        for (const [other, listener] of this.listeners) {
          if (other !== incarnation && !this.around.faults.notificationIsLost())
            other.clock.after(this.around.faults.wayMs(), () => listener(topic))
        }
      },
      onNotification: (listener) => this.listeners.set(incarnation, listener),
      close: async () => {},
    }
  }
}
