import type { Clock } from './clock.js'

/** Shares one result among all callers within a time, so the cost does not grow with their number. A failure is not cached. */
export class SharedResult<T> {
  private cached: { at: number; result: Promise<T> } | undefined

  constructor(
    private readonly compute: () => Promise<T>,
    private readonly clock: Pick<Clock, 'now'>,
    private readonly forMs: number,
  ) {}

  get(): Promise<T> {
    const now = this.clock.now().getTime()
    // A clock that was set back must not prolong the cache.
    // guard: metrics-shared
    if (this.cached !== undefined && now >= this.cached.at && now - this.cached.at < this.forMs) return this.cached.result
    const computed = { at: now, result: this.compute() }
    this.cached = computed
    computed.result.catch(() => {
      if (this.cached === computed) this.cached = undefined
    })
    return computed.result
  }

  invalidate(): void {
    this.cached = undefined
  }
}
