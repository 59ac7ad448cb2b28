import { isWrite } from '#libs/platform'
import { Readable } from 'node:stream'

interface Attempts {
  /** Instances in the order of attempts. */
  urls: readonly string[]
  /** Number of attempts. */
  asked: number
}

/** Time in ms for which an instance without a response is tried after the others. */
export const REST_MS = 10_000

/** Instances of one service; each request starts at the next one. */
export class Instances {
  private turn = 0
  private readonly attempts = new WeakMap<object, Attempts>()
  /** Unresponsive instances, with the time at which one request retries them. */
  private readonly resting = new Map<string, number>()

  /** `nowMs`: a monotonic clock. */
  constructor(
    private readonly urls: readonly string[],
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  get size(): number {
    return this.urls.length
  }

  /** Returns the instance for a request; a repeated request gets the one after those it tried. */
  next(request: object): string {
    const { urls, asked } = this.attempts.get(request) ?? { urls: this.inTurn(), asked: 0 }
    this.attempts.set(request, { urls, asked: asked + 1 })
    return urls[asked % urls.length]!
  }

  /** Notes that the request's last instance responded, with any status. */
  answered(request: object): void {
    if (this.resting.size > 0) this.resting.delete(this.lastOf(request))
  }

  /** Notes that the request's last instance did not respond, so other requests try it last. */
  silent(request: object): void {
    this.resting.set(this.lastOf(request), this.nowMs() + REST_MS)
  }

  /**
   * Whether the request may be retried at each other instance: only a read, because repeating it changes nothing, and only if its body is
   * not streamed, because the first instance consumes a stream.
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
    // While this request tries a rested instance, concurrent requests continue without it.
    if (this.resting.has(urls[0]!)) this.resting.set(urls[0]!, this.nowMs() + REST_MS)
    return urls
  }

  private lastOf(request: object): string {
    const { urls, asked } = this.attempts.get(request)!
    return urls[(asked - 1) % urls.length]!
  }
}
