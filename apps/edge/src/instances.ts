import { isCausedBy } from '#libs/platform'

/** The instances of one service, one after the other. */
export class Instances {
  private turn = 0
  private readonly asked = new WeakMap<object, number>()

  constructor(private readonly urls: readonly string[]) {}

  next(): string {
    return this.urls[this.turn++ % this.urls.length]!
  }

  /** A read whose instance took no connection may ask each other one: nothing was answered, and a read changes nothing. */
  mayAskNext(request: { method: string }, error: unknown): boolean {
    const asked = (this.asked.get(request) ?? 0) + 1
    this.asked.set(request, asked)
    return asked < this.urls.length && (request.method === 'GET' || request.method === 'HEAD') && isCausedBy(error, isRefused)
  }
}

function isRefused(fault: object): boolean {
  return (fault as { code?: unknown }).code === 'ECONNREFUSED'
}
