import { SERVICES, TOPICS, type DeadLetterSummary } from '#libs/contracts'
import { describe, expect, it } from 'vitest'
import { AWAY, DENIED, shown, type Harness } from '../testing/shown.js'
import { topicsPage } from './topics-page.js'

const letter: DeadLetterSummary = {
  id: 'a1',
  service: 'linter',
  topic: 'hms.approval.v1',
  position: '0:7',
  key: 'pm25',
  code: 'HMS_EVENT_MALFORMED',
  detail: 'no JSON <b>',
  run: 7,
  tries: 3,
  state: 'waiting',
  at: '2026-11-26T11:00:00Z',
  closed: null,
}
const lag = (group: string, messages: number, seconds: number, oldest?: object) => ({
  topic: 'hms.approval.v1',
  messages: 9,
  groups: [{ group, messages, seconds, oldest }],
})

function answers(more: Record<string, unknown> = {}): Harness['answers'] {
  const quiet = Object.fromEntries(
    SERVICES.flatMap((service) => [
      [`/v1/groups/${service}`, []],
      [`/v1/dead-letters/${service}?state=waiting&limit=200`, []],
    ]),
  )
  return {
    ...quiet,
    '/v1/topics': [{ topic: 'hms.approval.v1', messages: 9, groups: [], perMinute: [...Array(10).fill(0), 1, 2, 3, 4, 5] }],
    ...more,
  }
}

describe('the page of topics', () => {
  it('has a row with a spark line and a link for each topic of the catalogue', async () => {
    const { html, text } = await shown(topicsPage, { answers: answers() })
    const rows = html.match(/<tr><th scope="row">.*?<\/tr>/g)!
    expect(rows.map((row) => /<a href="\/topics\/([^"]+)" title="[^"]+"><code>\1<\/code>/.exec(row)?.[1])).toEqual(
      TOPICS.map(({ name }) => name),
    )
    expect(rows.filter((row) => row.includes('<svg class="spark"'))).toHaveLength(TOPICS.length)
    expect(text).toContain('No reader is more than a minute behind; 0 dead letters wait for a person.')
    expect(text).toContain('No dead letter waits for a person.')
  })

  it('shows the rate as number, line and text', async () => {
    const { html, text } = await shown(topicsPage, { answers: answers() })
    expect(text).toContain('hms.approval.v1 3.0')
    expect(html).toContain(`aria-label="Events in each of the last 15 minutes: ${Array(15).fill(0).join(', ')}"`)
    expect(html).toContain('aria-label="Events in each of the last 15 minutes: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5"')
    expect(html).toMatch(/<polyline points="2,22 /)
  })

  it('shows lag in messages and seconds, of the slowest reader', async () => {
    const groups = { '/v1/groups/linter': [lag('linter', 4, 180)], '/v1/groups/rollout': [lag('rollout', 9, 2)] }
    const { text } = await shown(topicsPage, { answers: answers(groups) })
    expect(text).toContain('linter: 4 messages, 180 s ✗ behind and 1 more')
    expect(text).toContain('More than a minute behind: linter')
  })

  it('lists dead letters with their reason, each with a link to its page', async () => {
    const { html, text } = await shown(topicsPage, { answers: answers({ '/v1/dead-letters/linter?state=waiting&limit=200': [letter] }) })
    expect(html).toContain('<a href="#letters">1 letter</a>')
    expect(text).toContain('no JSON <b> (HMS_EVENT_MALFORMED)')
    expect(html).not.toContain('no JSON <b>')
    expect(html).toContain('<a href="/dead-letters/a1"><time')
  })

  it('lists and counts dead letters of topics outside the catalogue, such as those of timers', async () => {
    const ofTimer = { ...letter, topic: 'timer:expire-approval' }
    const { text } = await shown(topicsPage, { answers: answers({ '/v1/dead-letters/linter?state=waiting&limit=200': [ofTimer] }) })
    expect(text).toContain('1 dead letter waits for a person.')
    expect(text).toContain('timer:expire-approval linter Run 7')
    expect(text).not.toContain('No dead letter waits')
  })

  it('counts at least as many letters as it read, where a service may have more', async () => {
    const many = Array.from({ length: 200 }, (_, n) => ({ ...letter, id: `a${n}` }))
    const { html, text } = await shown(topicsPage, { answers: answers({ '/v1/dead-letters/linter?state=waiting&limit=200': many }) })
    expect(text).toContain('; at least 200 dead letters wait for a person.')
    expect(text).toContain('! at least 200 messages could not be handled')
    expect(html).toContain('<a href="#letters">at least 200 letters</a>')
  })

  it.each([
    ['none is known', SERVICES, 'dead letters: not known.'],
    ['one is not known', SERVICES.slice(0, 1), '0 dead letters wait for a person at the services that responded.'],
  ])('counts only dead letters that could be read: %s', async (_what, services, words) => {
    const unread = Object.fromEntries(services.map((service) => [`/v1/dead-letters/${service}?state=waiting&limit=200`, DENIED]))
    const { text } = await shown(topicsPage, { answers: answers(unread) })
    expect(text).toContain(words)
    expect(text).not.toContain('0 dead letters wait for a person.')
  })

  it('never shows a reader that does not respond as one that is up to date', async () => {
    const gone = { '/v1/groups/linter': AWAY, '/v1/dead-letters/linter?state=waiting&limit=200': AWAY }
    const { text } = await shown(topicsPage, { answers: answers(gone) })
    expect(text).toContain('linter: not known, it does not say')
    expect(text).toContain('not known: linter')
    expect(text).toContain('None waits at the services that answered.')
    const denied = await shown(topicsPage, { answers: answers({ '/v1/topics': DENIED }) })
    expect(denied.text).toContain('Not allowed to see the rates of the topics')
    expect(denied.text).toContain('not known now')
  })
})
