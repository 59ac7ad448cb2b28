import { isWrite } from '#libs/platform'
import { Readable } from 'node:stream'

interface Place {
  first: number
  /** How many were asked. */
  asked: number
}

/** The instances of one service, each request beginning at the next one. */
export class Instances {
  private turn = 0
  private readonly places = new WeakMap<object, Place>()

  constructor(private readonly urls: readonly string[]) {}

  get size(): number {
    return this.urls.length
  }

  /** For a request that was here before, the one behind those that it asked. */
  next(request: object): string {
    const { first, asked } = this.places.get(request) ?? { first: this.turn++, asked: 0 }
    this.places.set(request, { first, asked: asked + 1 })
    return this.urls[(first + asked) % this.urls.length]!
  }

  /**
   * A read that got no answer may ask each other instance: it changes nothing, however often it is done. A body that is passed on as it
   * comes in is used up by the first.
   */
  mayAskNext(request: { method: string; url: string; body: unknown }): boolean {
    const { asked } = this.places.get(request) ?? { asked: 0 }
    return asked < this.urls.length && !isWrite(request) && !(request.body instanceof Readable)
  }
}
