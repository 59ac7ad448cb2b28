import { describe, it } from 'vitest'
import { barePush } from './bare-push.js'
import { nowMs, report } from './figures.js'
import { inSlices, readersOf, startPress } from './press-under-load.js'

const ROUNDS = 5

/** One change to many readers: when the first and the last have it, and the same for a bare loop of writes to as many sockets. */
describe('push', () => {
  it.each([
    [1_000, 0],
    [10_000, 0],
    [1_000, 1_000],
  ])('to %i WebSocket clients, with %i more policies in the store', async (asked, others) => {
    const readers = readersOf(asked)
    const press = await startPress(others)
    process.stdout.write(`\n${readers} readers, ${others + 1} policies in the store\n`)
    const arrivals = new Arrivals(readers)
    const clients = await inSlices(readers, () => press.follow((frame) => arrivals.frame(frame)))
    const [first, last]: [number[], number[]] = [[], []]
    for (let round = 0; round < ROUNDS; round++) {
      const whole = arrivals.next()
      const startedAt = nowMs()
      await press.rollBack(round % 2 === 0 ? '1.0.0' : '2.0.0')
      const at = await whole
      first.push(at[0]! - startedAt)
      last.push(at[1]! - startedAt)
    }
    for (const client of clients) client.terminate()
    await press.stop()
    const { bytes, ahead } = arrivals
    const bare = await barePush(readers, bytes, ROUNDS)
    report(`${readers} readers, from the request: the first has the change`, first)
    report(`${readers} readers, from the request: the last has the change`, last)
    const span = report(
      `${readers} readers: between the first and the last`,
      last.map((at, index) => at - first[index]!),
    )
    report(`bare TCP loop, ${readers} sockets: the first`, bare.first)
    const floor = report(`bare TCP loop, ${readers} sockets: the last`, bare.last)
    process.stdout.write(
      `${bytes} bytes a frame; ${ahead} frames with another statement came before their change; last/bare ${(span / floor).toFixed(2)} (aim 1.5)\n`,
    )
  })
})

/** When each round's change came to the first and to the last reader. */
class Arrivals {
  bytes = 0
  ahead = 0
  private came = 0
  private first = 0
  private isOpen = false
  private resolve: (at: [number, number]) => void = () => {}

  constructor(private readonly readers: number) {}

  next(): Promise<[number, number]> {
    this.came = 0
    this.isOpen = true
    return new Promise((resolve) => (this.resolve = resolve))
  }

  frame(data: Buffer): void {
    // Parsing 10,000 frames here would be measured too.
    if (!data.includes('"type":"change"')) {
      if (this.isOpen && this.came === 0 && data.includes('"freshness"')) this.ahead++
      return
    }
    this.bytes = data.length
    if (this.came++ === 0) this.first = nowMs()
    if (this.came < this.readers) return
    this.isOpen = false
    this.resolve([this.first, nowMs()])
  }
}
