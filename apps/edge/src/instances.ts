import { isWrite } from '#libs/platform'
import { Readable } from 'node:stream'

interface Place {
  /** In the order in which they are asked. */
  urls: readonly string[]
  /** How many were asked. */
  asked: number
}

/** So long an instance that gave no answer is asked behind the others. */
export const REST_MS = 10_000

/** The instances of one service, each request beginning at the next one. */
export class Instances {
  private turn = 0
  private readonly places = new WeakMap<object, Place>()
  /** Those that gave no answer, and when one request tries them again. */
  private readonly resting = new Map<string, number>()

  /** `nowMs`: of a clock that never goes back. */
  constructor(
    private readonly urls: readonly string[],
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  get size(): number {
    return this.urls.length
  }

  /** For a request that was here before, the one behind those that it asked. */
  next(request: object): string {
    const { urls, asked } = this.places.get(request) ?? { urls: this.inTurn(), asked: 0 }
    this.places.set(request, { urls, asked: asked + 1 })
    return urls[asked % urls.length]!
  }

  /** Whom `request` asked last gave an answer, whatever it says. */
  answered(request: object): void {
    if (this.resting.size > 0) this.resting.delete(this.lastOf(request))
  }

  /** Whom `request` asked last gave none: others need not wait for it, too. */
  silent(request: object): void {
    this.resting.set(this.lastOf(request), this.nowMs() + REST_MS)
  }

  /**
   * A read that got no answer may ask each other instance: it changes nothing, however often it is done. A body that is passed on as it
   * comes in is used up by the first.
   */
  mayAskNext(request: { method: string; url: string; body: unknown }): boolean {
    const { asked } = this.places.get(request) ?? { asked: 0 }
    return asked < this.urls.length && !isWrite(request) && !(request.body instanceof Readable)
  }

  private inTurn(): string[] {
    const first = this.turn++ % this.urls.length
    const inTurn = [...this.urls.slice(first), ...this.urls.slice(0, first)]
    if (this.resting.size === 0) return inTurn
    const rests = (url: string): boolean => (this.resting.get(url) ?? 0) > this.nowMs()
    const urls = [...inTurn.filter((url) => !rests(url)), ...inTurn.filter(rests)]
    // While this request tries one that has rested, those that come meanwhile go on without it.
    if (this.resting.has(urls[0]!)) this.resting.set(urls[0]!, this.nowMs() + REST_MS)
    return urls
  }

  private lastOf(request: object): string {
    const { urls, asked } = this.places.get(request)!
    return urls[(asked - 1) % urls.length]!
  }
}
