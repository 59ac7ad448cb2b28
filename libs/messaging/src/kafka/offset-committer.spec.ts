import { beforeEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '#libs/platform'
import { OffsetCommitter, type NextOffset } from './offset-committer.js'

const TOPIC = 'hms.lint.v1'

describe('places told to the broker', () => {
  let clock: VirtualClock
  let told: string[][]
  let answer: Promise<void>
  let commits: OffsetCommitter

  beforeEach(() => {
    clock = new VirtualClock()
    told = []
    answer = Promise.resolve()
    const commit = (places: NextOffset[]): Promise<void> => {
      told.push(places.map(({ partition, offset }) => `${partition}@${offset}`))
      return answer
    }
    commits = new OffsetCommitter(commit, clock, () => {})
    commits.start()
  })

  /** Makes the next commit hang until the returned function is called, which fails it. */
  const refuseNext = (): (() => Promise<void>) => {
    let refuse = (_error: Error): void => {}
    answer = new Promise<void>((_, reject) => (refuse = reject))
    return () => {
      answer = Promise.resolve()
      refuse(new Error('the coordinator loads'))
      return settle()
    }
  }
  const later = async (ms: number): Promise<void> => {
    clock.advanceTo(clock.now().getTime() + ms)
    await settle()
  }

  it('are told together, a while after the first, each as the record that comes next', async () => {
    commits.handled(TOPIC, 0, '4')
    commits.handled(TOPIC, 1, '9007199254740993')
    commits.handled(TOPIC, 0, '5')
    await later(249)
    expect(told).toEqual([])
    await later(1)
    expect(told).toEqual([['0@6', '1@9007199254740994']])
    await later(10_000)
    expect(told).toHaveLength(1)
  })

  it('are told again when the broker did not take them, unless a later one is known', async () => {
    const refuse = refuseNext()
    commits.handled(TOPIC, 0, '4')
    commits.handled(TOPIC, 1, '4')
    await later(250)
    commits.handled(TOPIC, 1, '5')
    await refuse()
    await later(250)
    expect(told).toEqual([
      ['0@5', '1@5'],
      ['1@6', '0@5'],
    ])
  })

  it('are not told of partitions that went to others while the broker did not take them', async () => {
    const refuse = refuseNext()
    commits.handled(TOPIC, 0, '4')
    await later(250)
    commits.forget()
    await refuse()
    commits.flush()
    await later(250)
    expect(told).toEqual([['0@5']])
  })

  it('are told at once by who leaves, who tells nothing afterwards', async () => {
    commits.handled(TOPIC, 0, '4')
    await commits.close()
    expect(told).toEqual([['0@5']])
    commits.handled(TOPIC, 0, '5')
    await later(250)
    expect(told).toHaveLength(1)
  })
})

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
