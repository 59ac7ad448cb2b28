import { describe, expect, it } from 'vitest'
import type { JsonObject, Ticket } from '#libs/contracts'
import { sampleAttempt } from '../sample-attempt.suite.js'
import { sampleRelease } from '../sample-release.suite.js'
import type { MessageContent } from '../channel-sender.js'
import { describeNews } from './describe-news.js'
import { mailHtml, mailText } from './mail-body.js'

const OLD = { id: 'epa-pm25-limit', version: '1.5.0', effective: '2024-01-01T00:00:00Z', limit: 35, units: 'ug_per_m3', title: 'PM 2.5' }
const NEW = { ...OLD, version: '2.0.0', effective: '2024-09-01T00:00:00Z', limit: 25, breaking: 'The unit stays.' }

async function contentOf(changes: Partial<MessageContent> = {}, policy: JsonObject = {}): Promise<MessageContent> {
  const { content } = sampleAttempt({ kind: 'email', to: 'air@va.example' })
  const release = await sampleRelease({ ...NEW, ...policy })
  return { ...content, effective: NEW.effective, release, replaced: await sampleRelease(OLD), ...changes }
}

const footer = { partner: 'Virginia DEQ', attached: ['epa-pm25-limit-2.0.0.json'] }

describe('describeNews', () => {
  it('describes the changes with units, and the time of the message', async () => {
    const news = describeNews(await contentOf())
    expect(news.subject).toBe('epa-pm25-limit 2.0.0 is in force: PM 2.5')
    expect(news.sentences).toEqual([
      'Version 2.0.0 of epa-pm25-limit is in force, as of 2026-01-01T00:00:00.000Z.',
      'It replaces epa-pm25-limit@1.5.0.',
      'What readers must look at: The unit stays.',
    ])
    expect(news.changesHeading).toBe('What changes from 1.5.0')
    expect(news.changes).toContain('limit 35 → 25 µg/m³')
  })

  it('describes a test as a test that changes no policy', async () => {
    const news = describeNews(await contentOf({ type: 'partner.test', release: null, replaced: null }))
    expect(news.subject).toContain('A test')
    expect(news.sentences.join(' ')).toContain('no change of a policy')
    expect(JSON.stringify(news)).not.toContain('epa-pm25-limit')
  })

  it('states a future effective time and the other policies of the bundle', async () => {
    const bundle = ['epa-pm25-limit@2.0.0', 'ozone@3.0.0']
    const news = describeNews(await contentOf({ effective: '2026-12-01T00:00:00Z', bundle }))
    expect(news.subject).toBe('epa-pm25-limit 2.0.0 takes effect on 2026-12-01T00:00:00Z: PM 2.5')
    expect(news.sentences[0]).toBe('Version 2.0.0 of epa-pm25-limit takes effect on 2026-12-01T00:00:00Z.')
    expect(news.sentences).toContain('It goes together with ozone@3.0.0.')
  })

  it('describes the changes of each policy of a bundle', async () => {
    const ozone = { id: 'ozone', version: '1.0.0', effective: OLD.effective, limit: 70, units: 'ppb' }
    const other = { policy: 'ozone', version: '1.0.0', digest: 'sha256:01', effective: OLD.effective, replaced: null }
    const others = [{ ...other, release: await sampleRelease(ozone) }]
    const news = describeNews(await contentOf({ others, bundle: ['epa-pm25-limit@2.0.0', 'ozone@1.0.0'] }))
    expect(news.subject).toBe('2 policies are in force together: epa-pm25-limit@2.0.0, ozone@1.0.0')
    expect(news.changes).toEqual(expect.arrayContaining(['epa-pm25-limit: limit 35 → 25 µg/m³', 'ozone: limit 70 ppb']))
    expect(news.sentences).toContain('Version 1.0.0 of ozone is in force, as of 2026-01-01T00:00:00.000Z.')
    expect(news.facts.map(([, value]) => value)).toContain('sha256:01')
  })

  it('lists the values of a policy without a previous release, and describes a withdrawal', async () => {
    const first = describeNews(await contentOf({ replaced: null }))
    expect([first.changesHeading, first.changes.includes('limit 25 µg/m³')]).toEqual(['What it says', true])
    const gone = describeNews(await contentOf({ type: 'policy.withdrawn', release: null, replaced: null }))
    expect(gone).toMatchObject({ subject: 'epa-pm25-limit 2.0.0 is withdrawn', changes: [] })
    expect(gone.sentences[0]).toContain('nothing is in its place')
  })

  it('describes how a closed ticket ended, and that it needs no answer', async () => {
    const at = '2026-01-01T00:00:00Z'
    const open: Ticket = {
      ticket: 7,
      run: 3,
      attempt: 1,
      digest: 'sha256:1',
      policies: [],
      kind: 'INCONCLUSIVE',
      state: 'EXPIRED',
      reason: 'NO_EVIDENCE',
      detail: '',
      allowed: ['accept'],
      openedAt: at,
      expiresAt: at,
      told: [],
      decided: null,
      closedAt: at,
    }
    const decided = { decision: 'abort', by: 'EPA Chief', reason: 'inside', at }
    const closed = async (ticket: Ticket) =>
      describeNews(await contentOf({ type: 'ticket.closed', version: 'closed', release: null, replaced: null, ticket })).sentences
    expect(await closed(open)).toEqual(['It no longer needs an answer: it was not answered in time.'])
    expect(await closed({ ...open, state: 'MOOT' })).toEqual(['It no longer needs an answer: the run no longer needs an answer.'])
    expect(await closed({ ...open, state: 'DECIDED', decided })).toEqual(['It no longer needs an answer: abort by EPA Chief.'])
  })

  it('reports that no channel accepted the message, if it is the last resort', async () => {
    const news = describeNews(await contentOf(), true)
    expect(news.subject).toMatch(/^Not delivered: epa-pm25-limit 2\.0\.0/)
    expect(news.sentences[0]).toContain('did not accept this message')
  })

  it('limits the number of changes and the length of the subject', async () => {
    const many = Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`field${index}`, index]))
    const news = describeNews(await contentOf({}, { ...many, title: 't'.repeat(500) }))
    expect(news.changes).toHaveLength(51)
    expect(news.changes.at(-1)).toMatch(/^and \d+ more: see the attached policy$/)
    expect(news.subject.length).toBeLessThanOrEqual(150)
  })

  it('removes control, direction and separator characters, so that no text forges a line', async () => {
    const news = describeNews(await contentOf({}, { title: 'a\r\nBcc: x@y.example\u202e\u2028b', note: 'c\u202ed' }))
    const lines = [news.subject, news.headline, ...news.sentences, ...news.changes]
    expect(lines.filter((line) => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(line))).toEqual([])
    expect(mailText(news, footer)).not.toMatch(/^Bcc/m)
  })
})

describe('the HTML of a mail', () => {
  it('escapes every text of a policy, and loads nothing', async () => {
    const hostile = { title: '<img src="https://evil.example/x">&\'"', note: '</style><script>alert(1)</script>' }
    const html = mailHtml(describeNews(await contentOf({}, hostile)), { ...footer, partner: '<b>' })
    const tags = [...html.matchAll(/<\/?([a-z0-9]+)/gi)].map(([, tag]) => tag)
    expect(new Set(tags)).toEqual(
      new Set(['html', 'head', 'meta', 'title', 'style', 'body', 'main', 'h1', 'h2', 'p', 'ul', 'li', 'table', 'tr', 'th', 'td', 'footer']),
    )
    expect(html).toContain('&lt;img src=&quot;https://evil.example/x&quot;&gt;&amp;&#39;&quot;')
    expect(html).not.toMatch(/url\(|@import|\son\w+=/i)
    expect(html).toContain('prefers-color-scheme: dark')
  })

  it('has one link, to the receipt page, if there is one', async () => {
    const news = describeNews(await contentOf())
    const receiptPage = 'https://hms.agency.gov/receipts/abc'
    const [text, html] = [mailText(news, { ...footer, receiptPage }), mailHtml(news, { ...footer, receiptPage })]
    expect([text.includes(receiptPage), html.match(/href="[^"]*"/g)]).toEqual([true, [`href="${receiptPage}"`]])
    expect(mailHtml(news, footer)).not.toContain('href=')
  })

  it('has the same content as the plain text', async () => {
    const news = describeNews(await contentOf())
    const [text, html] = [mailText(news, footer), mailHtml(news, footer)]
    for (const line of [...news.sentences, 'limit 35 → 25 µg/m³', 'Virginia DEQ'])
      expect([text, html].every((each) => each.includes(line))).toBe(true)
  })
})
