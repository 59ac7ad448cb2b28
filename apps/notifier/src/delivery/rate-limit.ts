/** Token bucket for each partner: `rate` attempts a second sustained, twice as many in a burst. Local to this process. */
export class RateLimit {
  private readonly buckets = new Map<string, { tokens: number; at: number }>()

  /** Takes a token, or returns the milliseconds until one is available. */
  take(partner: string, rate: number, nowMs: number): number {
    const burst = 2 * rate
    const { tokens, at } = this.buckets.get(partner) ?? { tokens: burst, at: nowMs }
    const now = Math.min(burst, tokens + (Math.max(0, nowMs - at) / 1000) * rate)
    const waitMs = now >= 1 ? 0 : Math.ceil(((1 - now) / rate) * 1000)
    this.buckets.delete(partner)
    this.buckets.set(partner, { tokens: waitMs === 0 ? now - 1 : now, at: nowMs })
    this.forget()
    return waitMs
  }

  /** Drops the least recently used bucket: at worst its partner gets a full bucket early. */
  private forget(): void {
    const [oldest] = this.buckets.keys()
    if (oldest !== undefined && this.buckets.size > MAX_BUCKETS) this.buckets.delete(oldest)
  }
}

const MAX_BUCKETS = 10_000
