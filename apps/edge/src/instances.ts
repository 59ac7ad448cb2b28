import { isCausedBy } from '#libs/platform'

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

  /** A read whose instance took no connection may ask each other one: nothing was answered, and a read changes nothing. */
  mayAskNext(request: { method: string }, error: unknown): boolean {
    const { asked } = this.places.get(request) ?? { asked: 0 }
    return asked < this.urls.length && (request.method === 'GET' || request.method === 'HEAD') && isCausedBy(error, isRefused)
  }
}

function isRefused(fault: object): boolean {
  return (fault as { code?: unknown }).code === 'ECONNREFUSED'
}
