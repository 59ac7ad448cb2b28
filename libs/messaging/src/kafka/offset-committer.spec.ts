import { beforeEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '#libs/platform/testing'
import { OffsetCommitter, type NextOffset } from './offset-committer.js'

const TOPIC = 'hms.lint.v1'

describe('offsets of handled records', () => {
  let clock: VirtualClock
  let committed: string[][]
  let answer: Promise<void>
  let commits: OffsetCommitter

  beforeEach(() => {
    clock = new VirtualClock()
    committed = []
    answer = Promise.resolve()
    const commit = (offsets: NextOffset[]): Promise<void> => {
      committed.push(offsets.map(({ partition, offset }) => `${partition}@${offset}`))
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

  it('are committed together, a while after the first, each as the offset of the next record to read', async () => {
    commits.handled(TOPIC, 0, '4')
    commits.handled(TOPIC, 1, '9007199254740993')
    commits.handled(TOPIC, 0, '5')
    await later(249)
    expect(committed).toEqual([])
    await later(1)
    expect(committed).toEqual([['0@6', '1@9007199254740994']])
    await later(10_000)
    expect(committed).toHaveLength(1)
  })

  it('are committed again after the broker refused them, unless a later offset is known', async () => {
    const refuse = refuseNext()
    commits.handled(TOPIC, 0, '4')
    commits.handled(TOPIC, 1, '4')
    await later(250)
    commits.handled(TOPIC, 1, '5')
    await refuse()
    await later(250)
    expect(committed).toEqual([
      ['0@5', '1@5'],
      ['1@6', '0@5'],
    ])
  })

  it('are not committed again for partitions that were revoked after the broker refused them', async () => {
    const refuse = refuseNext()
    commits.handled(TOPIC, 0, '4')
    await later(250)
    commits.discardPending()
    await refuse()
    commits.flush()
    await later(250)
    expect(committed).toEqual([['0@5']])
  })

  it('are committed at once on close, and not afterwards', async () => {
    commits.handled(TOPIC, 0, '4')
    await commits.close()
    expect(committed).toEqual([['0@5']])
    commits.handled(TOPIC, 0, '5')
    await later(250)
    expect(committed).toHaveLength(1)
  })
})

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
