import { pause, systemClock } from '#libs/platform'
import type { Observer } from '../observer.js'
import type { Random } from '../random.js'
import type { Official } from './official.js'

const LOOK_EVERY_MS = 1_000

/** A person who answers paused runs: bots that lost their store to a fault acknowledge late, and the run asks people what to do. */
export class Pauses {
  private stopped = false
  private readonly answering: Promise<void>

  constructor(
    private readonly official: Official,
    private readonly observer: Observer,
    private readonly random: Random,
  ) {
    this.answering = this.answer()
  }

  async stop(): Promise<void> {
    this.stopped = true
    await this.answering
  }

  private async answer(): Promise<void> {
    for (; !this.stopped; await pause(systemClock, LOOK_EVERY_MS)) {
      const paused = await this.observer.rows<{ id: string }>(`SELECT id FROM approver.run WHERE state = 'PAUSED'`).catch(() => [])
      await Promise.all(paused.map(({ id }) => this.official.decide(Number(id), this.random.chance(0.5) ? 'resume' : 'promote')))
    }
  }
}
