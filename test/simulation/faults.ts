import type { OutgoingEvent } from '#libs/contracts'
import type { Broker } from './broker.js'
import type { Incarnation } from './incarnation.js'
import type { Random } from './random.js'
import type { Scheduler } from './scheduler.js'
import type { CommitFate } from './simulated-database.js'

/** How often each fault strikes, per call. */
export interface FaultRates {
  death: number
  deathAtCommit: number
  database: number
  send: number
  reorder: number
  duplicate: number
  lostCommit: number
  slow: number
}

export const NO_FAULTS: FaultRates = { death: 0, deathAtCommit: 0, database: 0, send: 0, reorder: 0, duplicate: 0, lostCommit: 0, slow: 0 }

export interface StoppedMember {
  expel(): void
  rejoin(): void
}

/** What the broker's side of a process meets. */
export interface BusFaults {
  wayMs(): number
  sendFate(): 'taken' | 'fails' | 'unheard'
  /** What of a send gets into the log. */
  taken(send: readonly OutgoingEvent[], broker: Broker): readonly OutgoingEvent[]
  copies(): number
  commitIsLost(): boolean
  whenSessionEnds(then: () => void): void
  whenStopped(incarnation: Incarnation, member: StoppedMember): void
}

/** The faults of one seed: drawn from it, switched off when the system is to heal. */
export class Faults implements BusFaults {
  rates: FaultRates
  struck = 0
  deaths = 0
  private readonly members = new Map<Incarnation, StoppedMember[]>()

  constructor(
    private readonly random: Random,
    private readonly scheduler: Scheduler,
    rates: FaultRates,
    private readonly maxDeaths: number,
    private readonly tell: (who: string, what: string) => void,
  ) {
    this.rates = rates
  }

  heal(): void {
    this.rates = NO_FAULTS
  }

  fateAt = (incarnation: Incarnation): 'go on' | 'die' => {
    if (!this.strikes(this.rates.death) || !this.mayDie()) return 'go on'
    this.tell(incarnation.name, 'killed')
    return 'die'
  }

  commitFate(incarnation: Incarnation): CommitFate {
    const { random, rates } = this
    if (this.strikes(rates.deathAtCommit) && this.mayDie()) {
      const fate = random.chance(0.5) ? 'die before' : 'die after'
      this.tell(incarnation.name, `killed ${fate === 'die before' ? 'before' : 'after'} a commit`)
      return fate
    }
    if (!this.strikes(rates.database)) return 'commit'
    const fate = random.pick(['refuse', 'roll back', 'unheard'] as const)
    this.tell(incarnation.name, `database: ${fate}`)
    return fate
  }

  wayMs(): number {
    if (this.strikes(this.rates.slow)) return this.random.between(50, 2_000)
    return this.random.chance(0.5) ? 0 : this.random.between(1, 10)
  }

  sendFate(): 'taken' | 'fails' | 'unheard' {
    if (!this.strikes(this.rates.send)) return 'taken'
    const fate = this.random.pick(['fails', 'unheard'] as const)
    this.tell('broker', `send ${fate}`)
    return fate
  }

  taken(send: readonly OutgoingEvent[], broker: Broker): readonly OutgoingEvent[] {
    if (send.length < 2 || !this.strikes(this.rates.reorder)) return send
    const kept = send.slice(1)
    if (!mayComeLater(send[0]!, broker)) return send
    this.tell('broker', `${send[0]!.topic} ${send[0]!.key} #${send[0]!.keySeq} is not taken, what follows is`)
    return kept
  }

  copies(): number {
    return this.strikes(this.rates.duplicate) ? 2 : 1
  }

  commitIsLost(): boolean {
    return this.strikes(this.rates.lostCommit)
  }

  notificationIsLost(): boolean {
    return this.strikes(this.rates.lostCommit)
  }

  /** When the database takes back the locks of a dead process. */
  noticedAfterMs(): number {
    return this.random.chance(0.7) ? 0 : this.random.between(0, 5_000)
  }

  restartAfterMs(): number {
    return this.random.between(0, 3_000)
  }

  whenSessionEnds(then: () => void): void {
    this.scheduler.after(this.random.between(0, 10_000), then)
  }

  whenStopped(incarnation: Incarnation, member: StoppedMember): void {
    this.members.set(incarnation, [...(this.members.get(incarnation) ?? []), member])
  }

  membersOf(incarnation: Incarnation): StoppedMember[] {
    return this.members.get(incarnation) ?? []
  }

  private mayDie(): boolean {
    if (this.deaths >= this.maxDeaths) return false
    this.deaths++
    return true
  }

  private strikes(rate: number): boolean {
    if (rate === 0 || !this.random.chance(rate)) return false
    this.struck++
    return true
  }
}

/**
 * A consumer without a position of a stream takes its first record for the oldest that is kept, so the first one of a stream may not
 * arrive after its second while a consumer waits for it.
 */
export function mayComeLater(event: Pick<OutgoingEvent, 'topic' | 'key' | 'source' | 'keySeq'>, broker: Broker): boolean {
  const partition = broker.partitionOf(event.topic, event.key)
  const records = broker.partitions(event.topic)[partition]!
  const first = records.findIndex((record) => record.key === event.key && record.headers['ce_source'] === event.source)
  return event.keySeq > 1 && first >= 0 && broker.wasReadByAll(event.topic, partition, first)
}
