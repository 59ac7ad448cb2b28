import { isWrite } from '#libs/platform'
import { Readable } from 'node:stream'

interface Attempts {
  /** Instances in the order of attempts. */
  urls: readonly string[]
  count: number
}

/** Cooldown in ms: the time for which an unresponsive instance is tried after the others. */
export const COOLDOWN_MS = 10_000

/** Instances of one service in round-robin order: each request starts at the next instance. */
export class Instances {
  private nextIndex = 0
  private readonly attempts = new WeakMap<object, Attempts>()
  /** End of the cooldown of each unresponsive instance; one request tries the instance again then. */
  private readonly coolingDown = new Map<string, number>()

  /** `nowMs`: a monotonic clock. */
  constructor(
    private readonly urls: readonly string[],
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  get size(): number {
    return this.urls.length
  }

  /** Returns the instance for a request. Each retry of the same request gets the next instance. */
  next(request: object): string {
    const { urls, count } = this.attempts.get(request) ?? { urls: this.roundRobin(), count: 0 }
    this.attempts.set(request, { urls, count: count + 1 })
    return urls[count % urls.length]!
  }

  /** Records that the instance last returned for this request responded, with any status. */
  markResponsive(request: object): void {
    if (this.coolingDown.size > 0) this.coolingDown.delete(this.lastOf(request))
  }

  /** Records that the instance last returned for this request did not respond, so other requests try it last. */
  markUnresponsive(request: object): void {
    this.coolingDown.set(this.lastOf(request), this.nowMs() + COOLDOWN_MS)
  }

  /** Whether another instance may be tried: one is left, and the request is a read whose body is not a consumed stream. */
  mayAskNext(request: { method: string; url: string; body: unknown }): boolean {
    const { count } = this.attempts.get(request) ?? { count: 0 }
    return count < this.urls.length && !isWrite(request) && !(request.body instanceof Readable)
  }

  private roundRobin(): string[] {
    const first = this.nextIndex++ % this.urls.length
    const inTurn = [...this.urls.slice(first), ...this.urls.slice(0, first)]
    if (this.coolingDown.size === 0) return inTurn
    const isCoolingDown = (url: string): boolean => (this.coolingDown.get(url) ?? 0) > this.nowMs()
    const urls = [...inTurn.filter((url) => !isCoolingDown(url)), ...inTurn.filter(isCoolingDown)]
    // This request tries an instance whose cooldown has ended; a new cooldown keeps concurrent requests off it until it responds.
    if (this.coolingDown.has(urls[0]!)) this.coolingDown.set(urls[0]!, this.nowMs() + COOLDOWN_MS) // guard: edge-tried-again
    return urls
  }

  private lastOf(request: object): string {
    const { urls, count } = this.attempts.get(request)!
    return urls[(count - 1) % urls.length]!
  }
}
