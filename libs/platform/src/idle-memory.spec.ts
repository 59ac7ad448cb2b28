import { expect, it } from 'vitest'
import { VirtualClock } from './clock.js'
import { collectWhenIdle, processHeap } from './idle-memory.js'

const MB = 1024 * 1024

/** A process whose heap has `live` MB in use and as many free as `garbage` says; each collection ends the garbage. */
function start() {
  const clock = new VirtualClock()
  const heap = { busy: 0, live: 20, garbage: 0, spare: 4, collections: 0 }
  collectWhenIdle(clock, {
    busyShare: () => heap.busy,
    size: () => ({ total: (heap.live + heap.garbage + heap.spare) * MB, used: (heap.live + heap.garbage) * MB }),
    collect: () => {
      heap.garbage = 0
      heap.collections++
    },
  })
  /** Returns the number of collections so far. */
  const after = (seconds: number): number => {
    clock.advanceTo(clock.elapsedMs() + seconds * 1_000)
    return heap.collections
  }
  return { heap, after }
}

it('the garbage of the start is collected once, within twenty seconds', () => {
  const { heap, after } = start()
  heap.garbage = 30
  expect(after(20)).toBe(1)
  expect(after(3_600)).toBe(1)
})

it('a busy process is left alone, and collected when it becomes idle', () => {
  const { heap, after } = start()
  heap.busy = 0.4
  heap.garbage = 30
  expect(after(600)).toBe(0)
  heap.busy = 0.01
  expect(after(20)).toBe(1)
})

it('a process with a light load is collected at most once a minute, and only when its heap has grown', () => {
  const { heap, after } = start()
  expect(after(20)).toBe(1)
  heap.garbage = 30
  expect(after(30)).toBe(1)
  expect(after(60)).toBe(2)
  heap.garbage = 2
  expect(after(600)).toBe(2)
})

it('a heap that stays large is not collected again and again', () => {
  const { heap, after } = start()
  heap.live = 200
  expect(after(3_600)).toBe(1)
})

it('the collector of this process collects', async () => {
  const dropped = new WeakRef({})
  // An object that a WeakRef was made for stays until the current task ends.
  await new Promise((resolve) => setImmediate(resolve))
  processHeap().collect()
  expect(dropped.deref()).toBeUndefined()
})
