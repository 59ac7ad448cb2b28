import { describe, expect, it } from 'vitest'
import { VirtualClock } from './testing/index.js'
import { PeriodicTask } from './periodic-task.js'

function harness(everyMs: number | (() => number), run: () => unknown) {
  const clock = new VirtualClock()
  const failures: string[] = []
  const repeat = new PeriodicTask(clock, { everyMs, run, failed: (error) => failures.push((error as Error).message) })
  const start = clock.now().getTime()
  return {
    repeat,
    failures,
    /** Advances to a time since the start. */
    pass: async (toMs: number) => {
      clock.advanceTo(start + toMs)
      for (let turn = 0; turn < 10; turn++) await Promise.resolve()
    },
    next: () => (clock.nextAt() === undefined ? undefined : clock.nextAt()! - start),
  }
}

it('waits from the end of a run to the start of the next', async () => {
  const ends: (() => void)[] = []
  const { repeat, pass, next } = harness(100, () => new Promise<void>((resolve) => ends.push(resolve)))
  repeat.start()
  await pass(100)
  await pass(250)
  expect([ends.length, next()]).toEqual([1, undefined])
  ends[0]!()
  await pass(260)
  expect(next()).toBe(360)
})

it('continues after a failure, which is reported', async () => {
  let times = 0
  const { repeat, pass, failures } = harness(
    () => 10 * times,
    () => {
      times++
      throw new Error(`time ${times}`)
    },
  )
  repeat.start(5)
  for (const at of [5, 15, 35]) await pass(at)
  expect(failures).toEqual(['time 1', 'time 2', 'time 3'])
})

it('stops at once, waits for the active run, and can start again', async () => {
  let end = (): void => {}
  let times = 0
  const run = (): Promise<void> => new Promise((resolve) => ((end = resolve), times++))
  const { repeat, pass, next } = harness(10, run)
  repeat.start()
  await pass(10)
  let stopped = false
  const stopping = repeat.stop().then(() => (stopped = true))
  await pass(20)
  expect(stopped).toBe(false)
  end()
  await stopping
  expect([times, next()]).toEqual([1, undefined])
  repeat.start()
  expect(next()).toBe(30)
})

describe('a woken task', () => {
  it('runs at once, and not a second time when the pause would have ended', async () => {
    let times = 0
    const { repeat, pass, next } = harness(100, () => times++)
    repeat.start()
    await pass(30)
    repeat.wake()
    expect([times, next()]).toEqual([1, undefined])
    await pass(30)
    expect(next()).toBe(130)
  })

  it('runs within the requested time, and delays no earlier run', async () => {
    const { repeat, pass, next } = harness(100, () => {})
    repeat.start()
    repeat.wake(200)
    expect(next()).toBe(100)
    repeat.wake(40)
    expect(next()).toBe(40)
    await pass(20)
    repeat.wake(40)
    expect(next()).toBe(40)
  })

  it('runs again once after the active run, however often it was woken during that run', async () => {
    const ends: (() => void)[] = []
    const { repeat, pass } = harness(100, () => new Promise<void>((resolve) => ends.push(resolve)))
    repeat.start(0)
    await pass(0)
    for (let time = 0; time < 3; time++) repeat.wake()
    ends[0]!()
    await pass(0)
    expect([ends.length, repeat.idle]).toEqual([2, false])
    ends[1]!()
    await pass(0)
    expect([ends.length, repeat.idle]).toEqual([2, true])
  })

  it('waits for its pause after a failure, so that a lasting fault causes no tight loop', async () => {
    const { repeat, pass, next, failures } = harness(100, () => {
      repeat.wake()
      throw new Error('still down')
    })
    repeat.start(0)
    await pass(0)
    expect([failures.length, next()]).toEqual([1, 100])
  })

  it('runs at its start if it was woken before, and then never if its pause is infinite', async () => {
    let times = 0
    const { repeat, pass, next } = harness(Infinity, () => times++)
    repeat.wake()
    expect(next()).toBeUndefined()
    repeat.start()
    await pass(0)
    expect([times, next()]).toEqual([1, undefined])
  })
})
