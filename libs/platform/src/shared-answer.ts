import type { Clock } from './clock.js'

/**
 * One answer for all who ask within a time, those who wait for it included: what it costs does not grow with how many ask. A failure is not
 * kept.
 */
export class SharedAnswer<T> {
  private made: { at: number; answer: Promise<T> } | undefined

  constructor(
    private readonly make: () => Promise<T>,
    private readonly clock: Pick<Clock, 'now'>,
    private readonly forMs: number,
  ) {}

  get(): Promise<T> {
    const now = this.clock.now().getTime()
    // A clock that was set back must not keep an answer for longer.
    if (this.made !== undefined && now >= this.made.at && now - this.made.at < this.forMs) return this.made.answer
    const made = { at: now, answer: this.make() }
    this.made = made
    made.answer.catch(() => {
      if (this.made === made) this.made = undefined
    })
    return made.answer
  }
}
