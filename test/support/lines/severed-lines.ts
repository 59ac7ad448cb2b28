import { setTimeout } from 'node:timers/promises'
import type { Random } from '../../kill/random.js'
import type { TcpProxy } from '../tcp-proxy/tcp-proxy.js'
import type { Toxic } from '../tcp-proxy/toxic.js'
import { blackHole, down, limitData, slicer } from '../tcp-proxy/toxics.js'

/** Longer than the five seconds of silence after which a reader says STALE. */
const LONGEST_FAULT_MS = 7_000

/** What happens to one line: it is cut at once, or ill for a while and cut then. */
type Action = (random: Random) => Toxic | undefined
const ACTIONS: readonly (readonly [weight: number, action: Action])[] = [
  [4, () => undefined],
  // Somewhere within a frame.
  [3, (random) => limitData({ bytes: random.between(1, 20_000), direction: 'down' })],
  [1, (random) => slicer({ bytes: random.between(1, 2_000), gapMs: 1 })],
  [1, () => blackHole()],
  [1, () => down()],
]

/** Lines between readers and their server that are severed by chance, each by itself, until `calm`. */
export class SeveredLines {
  cuts = 0
  private readonly over = new AbortController()
  private readonly running: Promise<void>[]

  constructor(
    private readonly proxies: readonly TcpProxy[],
    private readonly random: Random,
  ) {
    this.running = proxies.map((proxy) => this.sever(proxy))
  }

  /** Cuts every line once more, and lets them be. */
  async calm(): Promise<void> {
    this.over.abort()
    await Promise.all(this.running)
    for (const proxy of this.proxies) {
      proxy.calm()
      proxy.cut()
    }
  }

  private async sever(proxy: TcpProxy): Promise<void> {
    while (await this.wait(this.random.between(200, 2_000))) {
      const toxic = this.random.weighted(ACTIONS)(this.random)
      const lift = toxic === undefined ? undefined : proxy.apply(toxic)
      if (lift !== undefined) await this.wait(this.random.between(100, LONGEST_FAULT_MS))
      lift?.()
      proxy.cut()
      this.cuts++
    }
  }

  /** `false` when it is over. */
  private wait(ms: number): Promise<boolean> {
    return setTimeout(ms, true, { signal: this.over.signal }).catch(() => false)
  }
}
