import { isWrite } from '#libs/platform'
import { Readable } from 'node:stream'

interface Attempts {
  /** Instances in the order of attempts. */
  urls: readonly string[]
  /** Number of attempts so far. */
  asked: number
}

/** Cooldown in ms: the time for which an unresponsive instance is tried after the others. */
export const REST_MS = 10_000

/** Instances of one service in round-robin order: each request starts at the next instance. */
export class Instances {
  private turn = 0
  private readonly attempts = new WeakMap<object, Attempts>()
  /** End of the cooldown of each unresponsive instance; one request tries the instance again then. */
  private readonly resting = new Map<string, number>()

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
    const { urls, asked } = this.attempts.get(request) ?? { urls: this.inTurn(), asked: 0 }
    this.attempts.set(request, { urls, asked: asked + 1 })
    return urls[asked % urls.length]!
  }

  /** Records that the instance last returned for this request responded, with any status. */
  answered(request: object): void {
    if (this.resting.size > 0) this.resting.delete(this.lastOf(request))
  }

  /** Records that the instance last returned for this request did not respond, so other requests try it last. */
  silent(request: object): void {
    this.resting.set(this.lastOf(request), this.nowMs() + REST_MS)
  }

  /**
   * Whether the request may be retried at another instance: one is left untried, the request is a read, which changes nothing when
   * repeated, and its body is not a stream, which the first instance has consumed.
   */
  mayAskNext(request: { method: string; url: string; body: unknown }): boolean {
    const { asked } = this.attempts.get(request) ?? { asked: 0 }
    return asked < this.urls.length && !isWrite(request) && !(request.body instanceof Readable)
  }

  private inTurn(): string[] {
    const first = this.turn++ % this.urls.length
    const inTurn = [...this.urls.slice(first), ...this.urls.slice(0, first)]
    if (this.resting.size === 0) return inTurn
    const rests = (url: string): boolean => (this.resting.get(url) ?? 0) > this.nowMs()
    const urls = [...inTurn.filter((url) => !rests(url)), ...inTurn.filter(rests)]
    // This request tries an instance whose cooldown has ended; a new cooldown keeps concurrent requests off it until it responds.
    if (this.resting.has(urls[0]!)) this.resting.set(urls[0]!, this.nowMs() + REST_MS)
    return urls
  }

  private lastOf(request: object): string {
    const { urls, asked } = this.attempts.get(request)!
    return urls[(asked - 1) % urls.length]!
  }
}
