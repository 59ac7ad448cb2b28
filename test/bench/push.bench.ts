import { describe, it } from 'vitest'
import { barePush } from './bare-push.js'
import { nowMs, report } from './figures.js'
import { naivePush } from './naive-push.js'
import { pin, SERVER_CORE } from './pin.js'
import { plainReader, startOfPayload } from './plain-reader.js'
import { inSlices, readersOf, startPress } from './press-under-load.js'

const ROUNDS = 9
const CHANGE = Buffer.from('{"type":"change"')

/**
 * One change to many readers: when the first and the last have it; and the same for a bare loop of writes to as many sockets, and for a
 * `ws` server that sends a string to each. Servers have one core, readers the other, and readers do as little as they can.
 */
describe('push', () => {
  it.each([
    [1_000, 0],
    [10_000, 0],
    [1_000, 1_000],
  ])('to %i WebSocket clients, with %i more policies in the store', async (asked, others) => {
    const readers = readersOf(asked)
    const press = await startPress(others)
    const isPinned = pin(press.pid, SERVER_CORE)
    process.stdout.write(`\n${readers} readers, ${others + 1} policies in the store${isPinned ? '' : '; nothing is pinned to a core'}\n`)
    const arrivals = new Arrivals(readers)
    const stream = new URL('/v1/stream', press.url)
    const clients = await inSlices(readers, () => plainReader(stream, (frame) => arrivals.frame(frame)))
    const [first, last]: [number[], number[]] = [[], []]
    for (let round = 0; round < ROUNDS; round++) {
      const whole = arrivals.next()
      const startedAt = nowMs()
      await press.rollBack(round % 2 === 0 ? '1.0.0' : '2.0.0')
      const at = await whole
      first.push(at[0]! - startedAt)
      last.push(at[1]! - startedAt)
    }
    for (const client of clients) client.destroy()
    await press.stop()
    const { bytes, ahead } = arrivals
    const bare = await barePush(readers, bytes, ROUNDS)
    const naive = await naivePush(readers, bytes, ROUNDS)
    report(`${readers} readers, from the request: the first has the change`, first)
    report(`${readers} readers, from the request: the last has the change`, last)
    const span = report(
      `${readers} readers: between the first and the last`,
      last.map((at, index) => at - first[index]!),
    )
    report(`bare TCP loop, ${readers} sockets: the first`, bare.first)
    const floor = report(`bare TCP loop, ${readers} sockets: the last`, bare.last)
    const ws = report(`ws server that sends a string to each, ${readers} clients: the last`, naive)
    process.stdout.write(`${bytes} bytes a frame; ${ahead} frames with another statement came before their change\n`)
    process.stdout.write(`last/bare ${(span / floor).toFixed(2)} (aim 1.15), ws/bare ${(ws / floor).toFixed(2)}\n`)
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
    const start = startOfPayload(data)
    if (CHANGE.compare(data, start, start + CHANGE.length) !== 0) {
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
