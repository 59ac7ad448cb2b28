import { SERVICES, TOPICS, type TopicRecord } from '#libs/contracts'
import { describe, expect, it } from 'vitest'
import { AT_BROKER, AWAY, shown, type Harness } from '../testing/shown.js'
import { topicPage } from './topic-page.js'

const NAME = 'hms.rollout.v1'
const RECORDS = `/v1/topics/records?topics=${NAME}&order=newest&limit=200`
const ENTRIES = '/v1/audit/entries?order=newest&limit=1000'

const record = (n: number, more: Partial<TopicRecord> = {}): TopicRecord => ({
  topic: NAME,
  position: `0:${n}`,
  key: 'epa-pm25-limit',
  type: 'hms.rollout.bake-started.v1',
  source: '/hms-svc/rollout',
  id: `id-${n}`,
  at: '2026-11-26T11:00:00Z',
  run: 12,
  attempt: 1,
  data: { run: 12, detail: '31 of 31 bots acknowledged' },
  ...more,
})

const page = (more: Harness['answers'], { name = NAME, query = '' } = {}) => {
  const quiet = SERVICES.flatMap((service) => [
    [`/v1/groups/${service}`, []],
    [`/v1/dead-letters/${service}?state=waiting&limit=200`, []],
  ])
  const answers = {
    ...Object.fromEntries(quiet),
    '/v1/topics': [{ topic: NAME, messages: 9, groups: [], perMinute: Array(15).fill(3) }],
    ...more,
  }
  return shown(topicPage, { answers, params: { name }, query })
}

describe('the page of a topic', () => {
  it('shows purpose, writers, readers, rate and the oldest unhandled event', async () => {
    const oldest = { run: 12, at: '2026-11-26T11:57:00Z' }
    const groups = [{ group: 'notifier', messages: 4, seconds: 180, oldest }]
    const { html, text } = await page({ [RECORDS]: { records: [] }, '/v1/groups/notifier': [{ topic: NAME, messages: 9, groups }] })
    for (const words of ['Purpose what is live for all', 'Written by rollout', 'Events a minute 3.0', 'notifier: 4 messages, 180 s'])
      expect(text).toContain(words)
    expect(html).toContain('<a href="/runs/12">Run 12</a> at notifier, since')
    expect(text).toContain('More than a minute behind: notifier; 0 dead letters wait for a person.')
    expect(text).toContain('No event of this topic is among the newest that are kept.')
  })

  it('lists the newest events first, in words, each with its folded JSON', async () => {
    const reversed = record(2, { type: 'hms.rollout.reversed.v1', run: null, data: { reason: 'EPA Chief: drill <b>' } })
    const { html, text } = await page({ [RECORDS]: { records: [record(1), reversed] } })
    expect(text).toMatch(/rollout reversed for epa-pm25-limit , by rollout: EPA Chief: drill <b>.*rollout bake started/)
    expect(text).toContain('rollout bake started for epa-pm25-limit in Run 12 , by rollout: 31 of 31 bots acknowledged')
    expect(html).toContain('<a href="/policies/epa-pm25-limit">epa-pm25-limit</a>')
    expect(html).toContain('<details id="event-id-1"><summary>JSON</summary><pre>{')
    expect(html).not.toContain('drill <b>')
  })

  it('bounds the events and the JSON that it shows', async () => {
    const large = record(0, { data: { detail: 'x'.repeat(10_000) } })
    const { html, text } = await page({ [RECORDS]: { records: [...Array.from({ length: 60 }, (_, n) => record(n + 1)), large] } })
    expect(html.match(/<details id="event/g)).toHaveLength(50)
    expect(text).toContain('11 more are not shown.')
    expect(text).toMatch(/… \d{4} more characters/)
    expect(html).not.toContain('x'.repeat(4_000))
  })

  it('filters by any text of an event', async () => {
    const events = { [RECORDS]: { records: [record(1), record(2, { key: 'ozone-limit', data: null })] } }
    const { text } = await page(events, { query: 'text=OZONE' })
    expect(text).toContain('rollout bake started (withdrawn) for ozone-limit')
    expect(text).not.toContain('for epa-pm25-limit')
    expect((await page(events, { query: 'text=nothing' })).text).toContain('No events match these filters.')
  })

  it('takes the events of the log where the bus is a broker', async () => {
    const entry = (index: number, type: string, source = 'rollout') => ({
      index,
      type,
      source: `/hms-svc/${source}`,
      at: '2026-11-26T11:00:00Z',
      key: 'epa-pm25-limit',
      run: 12,
      event: `e${index}`,
      digest: '',
      leafHash: '',
    })
    const entries = [entry(3, 'hms.rollout.completed.v1'), entry(2, 'hms.lint.passed.v1', 'linter'), entry(1, 'hms.run.poisoned.v1')]
    const { html, text } = await page({ [RECORDS]: AT_BROKER, [ENTRIES]: entries })
    expect(text).toContain('rollout completed for epa-pm25-limit in Run 12 , by rollout. Entry 3')
    expect(html).toContain('<a href="/audit/1">Entry 1</a>')
    expect(text).not.toContain('lint passed')
    expect(html).not.toContain('<details id="event')
  })

  it('lists its own dead letters, each with a link to its page', async () => {
    const letter = { id: 'a1', service: 'notifier', topic: NAME, code: 'HMS_EVENT_UNREADABLE', detail: 'no JSON', run: 7, tries: 3 }
    const other = { ...letter, id: 'b2', topic: 'hms.lint.v1' }
    const { html, text } = await page({ [RECORDS]: { records: [] }, '/v1/dead-letters/notifier?state=waiting&limit=200': [letter, other] })
    expect(html).toContain('<a href="/dead-letters/a1">')
    expect(html).not.toContain('b2')
    expect(text).toContain('no JSON (HMS_EVENT_UNREADABLE)')
  })

  it('reports what could not be loaded, and a name outside the catalogue', async () => {
    expect((await page({ [RECORDS]: AWAY })).text).toContain('The events of this topic could not be loaded')
    const missing = await page({}, { name: 'hms.weather.v1' })
    expect([missing.status, missing.paths]).toEqual([404, []])
    expect(missing.text).toContain('There is no topic of this name in the catalogue.')
  })

  it.each(TOPICS.map(({ name }) => name))('%s has a page', async (name) => {
    const { status, text } = await page({}, { name })
    expect([status, text.includes(name)]).toEqual([200, true])
  })
})
