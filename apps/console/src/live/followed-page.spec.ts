import { VirtualClock } from '#libs/platform/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { FollowedPage } from './followed-page.js'

const page = (at: string, text: string) => `<p><time data-as-of="true" datetime="${at}">${at}</time></p><main>${text}</main>`

describe('a page that is followed', () => {
  let clock: VirtualClock
  let text = ''
  let made = 0
  beforeEach(() => {
    clock = new VirtualClock()
    text = 'one'
    made = 0
  })
  const followedPage = (still = false, count?: () => number) =>
    new FollowedPage(
      clock,
      async () => {
        made++
        if (text === 'broken') throw new Error('cannot be made')
        return { html: page(clock.now().toISOString(), text), still }
      },
      count,
    )
  const later = async (ms: number): Promise<void> => {
    clock.advanceTo(clock.now().getTime() + ms)
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
  }

  it('is sent when more than its time changes, and rendered once for all followers', async () => {
    const followed = followedPage()
    const seen: string[][] = [[], []]
    const leave = seen.map((mine) => followed.follow((html) => mine.push(/<main>(.*)<\/main>/.exec(html)![1]!)))
    await later(0)
    await later(2_000)
    text = 'two'
    await later(2_000)
    expect(seen).toEqual([
      ['one', 'two'],
      ['one', 'two'],
    ])
    expect(made).toBe(3)
    for (const stop of leave) stop()
    await later(60_000)
    expect(made).toBe(3)
    expect(followed.followed).toBe(false)
  })

  it('continues after a page that could not be rendered', async () => {
    const followed = followedPage()
    const seen: string[] = []
    followed.follow((html) => seen.push(html))
    await later(0)
    text = 'broken'
    await later(2_000)
    text = 'mended'
    await later(2_000)
    expect(seen.map((html) => /<main>(.*)<\/main>/.exec(html)![1])).toEqual(['one', 'mended'])
  })

  it('sends a later follower the newest copy at once', async () => {
    const followed = followedPage()
    followed.follow(() => {})
    await later(0)
    const seen: string[] = []
    followed.follow((html) => seen.push(html))
    expect(seen).toHaveLength(1)
  })

  it('is rendered once when nothing in it changes, and marked as the last copy', async () => {
    const followed = followedPage(true)
    const seen: [string, boolean][] = []
    const follow = () => followed.follow((html, isLast) => seen.push([/<main>(.*)<\/main>/.exec(html)![1]!, isLast]))
    follow()
    await later(0)
    await later(60_000)
    follow()
    await later(60_000)
    expect([made, seen]).toEqual([
      1,
      [
        ['one', true],
        ['one', true],
      ],
    ])
  })

  it('is made less often where many are followed', async () => {
    let pages = 64
    followedPage(false, () => pages).follow(() => {})
    await later(0)
    await later(2_000)
    pages = 500
    await later(2_000)
    expect(made).toBe(3)
    await later(15_999)
    expect(made).toBe(3)
    await later(1)
    expect(made).toBe(4)
  })
})
