import type { Clock } from './clock.js'

/**
 * Shares one result among all callers within a time, including those waiting for it, so the cost does not grow with the number of callers.
 * A failure is not cached.
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
    // A clock that was set back must not prolong the cache.
    if (this.made !== undefined && now >= this.made.at && now - this.made.at < this.forMs) return this.made.answer
    const made = { at: now, answer: this.make() }
    this.made = made
    made.answer.catch(() => {
      if (this.made === made) this.made = undefined
    })
    return made.answer
  }

  forget(): void {
    this.made = undefined
  }
}
