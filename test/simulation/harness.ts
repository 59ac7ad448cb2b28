import { SERVICES, type ServiceName } from '#libs/contracts'
import type { EventSeal } from '#libs/messaging'
import { Metrics } from '#libs/platform'
import type { Roster, Signer } from '#libs/signing'
import { loadService, type ServiceDefinition } from '#libs/service'
import type { TestIdentity } from '../support/identity.js'
import { Broker } from './broker.js'
import { Client } from './client.js'
import { Faults } from './faults.js'
import { History } from './history.js'
import { Outside } from './outside.js'
import type { Plan } from './plan.js'
import { Press } from './press.js'
import { Random } from './random.js'
import { Scheduler } from './scheduler.js'
import { ServiceNode } from './service-node.js'

/** What every seed of a worker shares: nothing in it changes. */
export interface Ground {
  identity: TestIdentity
  definitions: readonly ServiceDefinition[]
  metrics: Metrics
  signers: ReadonlyMap<ServiceName, Signer>
  /** How events are signed and read; as statements unless said otherwise. */
  seal?: EventSeal
}

export async function layGround(identity: TestIdentity, seal?: EventSeal): Promise<Ground> {
  const signers = new Map(SERVICES.map((name) => [name, identity.serviceSigner(name)]))
  return { identity, definitions: await Promise.all(SERVICES.map(loadService)), metrics: uncounted(), signers, seal }
}

/** Nobody reads the metrics of a seed, and keeping them was a tenth of its time. */
function uncounted(): Metrics {
  const metrics = new Metrics()
  const metric = { inc: () => {}, observe: () => {}, set: () => {} }
  for (const name of Object.keys(metrics)) if (name !== 'registry') Object.assign(metrics, { [name]: metric })
  return Object.assign(metrics, { beforeCollect: () => {} })
}

/** Eight services, a broker, partners and people on one virtual time. */
export class Harness {
  readonly scheduler: Scheduler
  readonly history: History
  readonly broker = new Broker()
  readonly nodes = new Map<ServiceName, ServiceNode>()
  readonly faults: Faults
  readonly outside: Outside
  readonly client: Client
  readonly press: Press
  readonly roster: Roster
  /** Away for as long as a run is open. */
  hole: ServiceName | undefined
  /** Ids of events that a handler was made unable to handle. */
  readonly poisoned = new Set<string>()
  readonly brokenTimers = new Set<string>()

  constructor(
    ground: Ground,
    random: Random,
    readonly plan: Plan,
    maxSteps?: number,
  ) {
    this.hole = plan.blackHole
    this.scheduler = new Scheduler(random.fork(), maxSteps)
    this.history = new History(() => this.scheduler.nowMs)
    const tell = (who: string, what: string): void => this.history.add(who, what)
    this.faults = new Faults(random.fork(), this.scheduler, plan.rates, plan.maxDeaths, tell)
    this.outside = new Outside(random.fork(), () => this.node('config-store'), plan.webhookLoss)
    for (const definition of ground.definitions) {
      this.nodes.set(
        definition.name,
        new ServiceNode(definition, {
          scheduler: this.scheduler,
          broker: this.broker,
          faults: this.faults,
          metrics: ground.metrics,
          roster: ground.identity.roster,
          environment: { HMS_PROFILE: 'dev', HMS_SIMULATOR_RUNNER: 'inline', ...plan.environment },
          signerOf: (name) => ground.signers.get(name)!,
          seal: ground.seal,
          insteadOf: (name, incarnation) => this.outside.insteadOf(name, incarnation),
          tell,
          poison: plan.poison,
          brokenTimer: plan.brokenTimer,
          poisoned: this.poisoned,
          brokenTimers: this.brokenTimers,
          staysDead: (name) => this.hole === name,
        }),
      )
    }
    this.client = new Client(this.scheduler, this.nodes, tell, (name) => this.hole === name && this.node(name).lives.length === 0)
    const person = (name: string): Signer => ground.identity.people.get(name)!
    const people = { chief: person('EPA Chief'), counsel: person('EPA Counsel'), reviewer: person('Air Office') }
    this.press = new Press(this.client, this.node('approver'), people, ground.identity.roster.installation)
    this.roster = ground.identity.roster
  }

  node(name: ServiceName): ServiceNode {
    return this.nodes.get(name)!
  }

  /** The service that stayed away comes back, and finds what happened without it. `false`: none was to stay away. */
  fillHole(): boolean {
    const hole = this.hole
    this.hole = undefined
    if (hole === undefined) return false
    this.history.add('world', `${hole} comes back`)
    if (this.node(hole).lives.length === 0) this.node(hole).start()
    return true
  }

  start(): void {
    for (const node of this.nodes.values()) node.start()
    for (const name of this.plan.twins) this.node(name).start()
  }
}
