import { describe, expect, it } from 'vitest'
import { FanOut, SLICE } from './fan-out.js'
import { PreparedFrame } from '../copy/prepared-frame.js'

const turn = () => new Promise((resolve) => setImmediate(resolve))

class Recorder {
  readonly revisions: number[] = []
  send(frame: PreparedFrame): void {
    this.revisions.push(frame.frame.revision)
  }
}

describe('FanOut', () => {
  it('serves a slice per turn of the event loop and keeps the order of frames', async () => {
    const fanOut = new FanOut<Recorder>()
    const all = Array.from({ length: 2 * SLICE + 1 }, () => new Recorder())
    for (const one of all) fanOut.add(one)
    fanOut.broadcast(PreparedFrame.of('change', 1))
    fanOut.broadcast(PreparedFrame.of('change', 2))
    await turn()
    expect(all.filter(({ revisions }) => revisions.length > 0)).toHaveLength(SLICE)
    for (let turns = 0; turns < 8; turns++) await turn()
    expect(all.every(({ revisions }) => revisions.join() === '1,2')).toBe(true)
  })

  it('sends a queued frame neither to receivers that join later nor to those that have left', async () => {
    const fanOut = new FanOut<Recorder>()
    const [gone, late] = [new Recorder(), new Recorder()]
    fanOut.add(gone)
    fanOut.broadcast(PreparedFrame.of('change', 1))
    fanOut.add(late)
    expect([fanOut.delete(gone), fanOut.delete(gone)]).toEqual([true, false])
    fanOut.broadcast(PreparedFrame.of('change', 2))
    for (let turns = 0; turns < 4; turns++) await turn()
    expect([gone.revisions, late.revisions]).toEqual([[], [2]])
  })
})
