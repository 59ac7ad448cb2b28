import type { KillSystem } from '../fleet/kill-system.js'
import type { History } from '../history.js'
import type { Random } from '../random.js'
import { badNetwork } from './bad-network.js'
import { freezeProcess, killBroker, killProcess, stopBroker, stopDatabase, type Fault } from './faults.js'

export type WeightedFaults = readonly (readonly [weight: number, fault: Fault])[]

export const ALL_FAULTS: WeightedFaults = [
  [60, killProcess],
  [10, freezeProcess((random) => random.between(1_000, 4_000))],
  // Longer than any session or lease that it holds.
  [2, freezeProcess(() => 20_000)],
  [4, stopBroker],
  [4, killBroker],
  [4, stopDatabase('fast')],
  [4, stopDatabase('immediate')],
  [14, badNetwork],
]

/** Breaks one thing after the other; several at a time when they are of different parts. */
export class Chaos {
  kills = 0
  private readonly struck = new Map<string, number>()
  private readonly underWay = new Map<Promise<void>, Fault['part']>()
  private readonly failures: unknown[] = []

  constructor(
    private readonly system: KillSystem,
    private readonly random: Random,
    private readonly history: History,
    private readonly faults: WeightedFaults = ALL_FAULTS,
  ) {}

  /** One more fault; does not wait for its end. */
  strike(): void {
    const drawn = this.random.weighted(this.faults)
    const busy = drawn.part !== 'process' && [...this.underWay.values()].includes(drawn.part)
    const fault = busy ? killProcess : drawn
    const done = this.run(fault)
      .catch((error: unknown) => void this.failures.push(error))
      .finally(() => this.underWay.delete(done))
    this.underWay.set(done, fault.part)
  }

  /** Resolves when nothing is broken on purpose any more; rejects when a fault could not be made or undone. */
  async calm(): Promise<void> {
    await Promise.all(this.underWay.keys())
    if (this.failures.length > 0) throw new AggregateError(this.failures, 'faults that went wrong')
  }

  get summary(): string {
    return [...this.struck].map(([name, times]) => `${times} × ${name}`).join(', ')
  }

  private async run(fault: Fault): Promise<void> {
    this.kills += fault.kills
    this.struck.set(fault.name, (this.struck.get(fault.name) ?? 0) + 1)
    this.history.add(`${fault.name} begins`)
    const detail = await fault.strike(this.system, this.random)
    this.history.add(`${fault.name} is over`, detail)
  }
}
