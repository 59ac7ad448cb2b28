import type { JsonObject } from '#libs/contracts'
import type { History } from '../history.js'
import type { Observer } from '../observer.js'
import type { Random } from '../random.js'
import { Ledger } from './ledger.js'
import { Official, type Outcome } from './official.js'
import { OpenRuns } from './open-runs.js'
import { Pauses } from './pauses.js'

const BUNDLES = 0.1
const QUEUED = 0.15
const TWICE = 0.05
const IMPATIENT = 0.1
/** A rollback while the run is under way, and one after it. */
const ROLLBACKS_DURING = 0.04
const ROLLBACKS_AFTER = 0.06
/** Somebody stops the line for a moment. */
const FREEZES = 0.02
const FREEZE_MS = 2_000

export interface LoadSize {
  policies: number
  officials: number
  /** No official rolls back, and no client leaves before the response: every run has to succeed. */
  calm: boolean
}

/**
 * Officials at work: each takes free policies, approves their next versions, now and then as a bundle, queued two deep, twice at once,
 * or with a rollback in between, and waits for the end before the next.
 */
export class Load {
  readonly ledger = new Ledger()
  private readonly free: string[]
  private readonly versions = new Map<string, number>()
  private readonly openRuns: OpenRuns
  private stopping = false
  private working: Promise<unknown> = Promise.resolve()
  private pauses: Pauses | undefined

  constructor(
    private readonly at: { url: string; dataDir: string },
    private readonly observer: Observer,
    private readonly random: Random,
    private readonly history: History,
    private readonly size: LoadSize,
  ) {
    this.free = Array.from({ length: size.policies }, (_, index) => `limit-${String(index).padStart(3, '0')}`)
    this.openRuns = new OpenRuns(observer)
  }

  /** Runs that have a number. */
  get accepted(): number {
    return new Set(this.ledger.approvals.map(({ run }) => run)).size
  }

  async start(): Promise<void> {
    const official = await Official.open(this.at.url, this.at.dataDir, this.ledger)
    this.working = Promise.all(Array.from({ length: this.size.officials }, () => this.work(official)))
    this.working.catch(() => undefined) // reported by stop()
    this.pauses = new Pauses(official, this.observer, this.random)
  }

  /** Starts no further runs; resolves when no request is open. Runs may still be open. */
  async stop(): Promise<void> {
    this.stopping = true
    this.openRuns.stop()
    await this.working
  }

  /** Nobody decides on paused runs any longer. */
  async close(): Promise<void> {
    await this.stop()
    await this.pauses?.stop()
  }

  private async work(official: Official): Promise<void> {
    while (!this.stopping) {
      const ids = this.take(this.random.chance(BUNDLES) ? this.random.between(2, 3) : 1)
      await this.turn(official, ids)
      this.free.push(...ids)
    }
  }

  private take(count: number): string[] {
    return Array.from({ length: count }, () => this.free.splice(this.random.between(0, this.free.length - 1), 1)[0]!)
  }

  private async turn(official: Official, ids: string[]): Promise<void> {
    const runs = [await this.approve(official, ids, false)]
    if (runs[0]!.is === 'accepted' && this.random.chance(QUEUED)) runs.push(await this.approve(official, ids, true))
    if (!this.size.calm && this.random.chance(ROLLBACKS_DURING)) await this.rollBack(official, ids)
    if (!this.size.calm && this.random.chance(FREEZES)) await official.freeze('drill', FREEZE_MS)
    for (const outcome of runs) if ('run' in outcome) await this.openRuns.ended(outcome.run)
    if (!this.size.calm && this.random.chance(ROLLBACKS_AFTER)) await this.rollBack(official, ids)
  }

  private async approve(official: Official, ids: string[], queue: boolean): Promise<Outcome> {
    const policies = ids.map((id) => this.next(id))
    const outcome = await official.approve(policies, {
      queue,
      twice: this.random.chance(TWICE),
      impatient: !this.size.calm && this.random.chance(IMPATIENT),
    })
    this.history.add('approve', { ids, version: policies[0]!['version'], queue, ...outcome })
    return outcome
  }

  private async rollBack(official: Official, ids: string[]): Promise<void> {
    const id = this.random.pick(ids)
    const made = this.versions.get(id)!
    const version = versionOf(Math.max(1, made - this.random.between(1, 2)))
    this.history.add('roll back', { id, version })
    await official.rollBack(id, version)
  }

  private next(id: string): JsonObject {
    const made = (this.versions.get(id) ?? 0) + 1
    this.versions.set(id, made)
    return { id, version: versionOf(made), effective: '2024-09-01T00:00:00Z', limit: 10 + made }
  }
}

function versionOf(made: number): string {
  return `1.${made}.0`
}
