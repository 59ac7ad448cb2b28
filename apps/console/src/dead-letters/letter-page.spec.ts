import { SERVICES, type DeadLetterView } from '#libs/contracts'
import { describe, expect, it } from 'vitest'
import { AWAY, MISSING, shown, type Harness } from '../testing/shown.js'
import { rosterOf } from '../testing/people.js'
import { decideLetterPage } from './decide-letter-page.js'
import { letterPage } from './letter-page.js'

const ID = '7d0c1f9e-3b52-84aa-8a0b-5d2c9e61f0b4'

export const aLetter = (more: Partial<DeadLetterView> = {}): DeadLetterView => ({
  id: ID,
  service: 'linter',
  topic: 'hms.approval.v1',
  position: '3:17',
  key: 'epa-pm25-limit',
  code: 'HMS_EVENT_HANDLER_FAILED',
  detail: 'no limit <b>',
  run: 7,
  tries: 3,
  state: 'waiting',
  at: '2026-11-26T11:00:00Z',
  closed: null,
  value: '{"limit":25,"name":"<script>"}',
  headers: { ce_type: 'hms.approval.approved.v1', 'content-type': 'application/cloudevents+json' },
  raw: null,
  cutFrom: null,
  digest: `sha256:${'ab'.repeat(32)}`,
  ...more,
})

const page = (
  letter: Partial<DeadLetterView> | undefined,
  { id = ID, more = {}, query }: { id?: string; more?: Harness['answers']; query?: string } = {},
) => {
  const none = SERVICES.map((service) => [`/v1/dead-letters/${service}/${id}`, MISSING])
  const found = letter === undefined ? {} : { [`/v1/dead-letters/linter/${id}`]: aLetter(letter) }
  const content = query === undefined ? letterPage : decideLetterPage
  return shown(content, { query: query ?? '', answers: { ...Object.fromEntries(none), ...found, ...more }, params: { id } })
}

describe('the page of a dead letter', () => {
  it('shows what it is, why it was given up, after how many tries, and that it waits', async () => {
    const { html, text } = await page({})
    for (const words of [
      'approval approved, given up by linter',
      'Position 3:17',
      'Consumer linter',
      '1 h ago after 3 tries',
      'Reason no limit <b> (HMS_EVENT_HANDLER_FAILED)',
      'It waits for a person: replay it, or discard it with a reason.',
    ])
      expect(text).toContain(words)
    expect(html).toContain('<a href="/topics/hms.approval.v1">')
    expect(html).toContain('<a href="/runs/7">Run 7</a>')
    expect(html).not.toContain('no limit <b>')
    expect(text).toContain(`hms-svc dlq show linter/${ID}`)
    for (const act of ['replay', 'discard']) expect(text).toContain(`hms-svc dlq ${act} linter/${ID} --reason TEXT --sign NAME`)
    expect(html).toContain(`action="/dead-letters/${ID}/decide"`)
  })

  it('shows the payload as indented JSON with its content type, escaped and bounded', async () => {
    const { html, text } = await page({})
    expect(text).toContain('Content type: application/cloudevents+json')
    expect(html).toContain('<pre>{\n  &quot;limit&quot;: 25,\n  &quot;name&quot;: &quot;&lt;script>&quot;\n}</pre>')
    const large = await page({ value: JSON.stringify({ detail: 'x'.repeat(100_000) }) })
    expect(large.text).toContain('… 80018 more characters')
    expect(large.html).not.toContain('x'.repeat(20_000))
  })

  it('shows the event inside a signed envelope', async () => {
    const payload = Buffer.from(JSON.stringify({ predicate: { type: 'hms.lint.passed.v1', data: { run: 7 } } })).toString('base64')
    const { html, text } = await page({ value: JSON.stringify({ payload, payloadType: 'x', signatures: [] }) })
    expect(text).toContain('Shown is the event inside its signature')
    expect(html).toContain('&quot;type&quot;: &quot;hms.lint.passed.v1&quot;,\n  &quot;data&quot;: {')
  })

  it.each([
    ['a text', { value: '{', headers: {} }, 'Content type: text/plain . { '],
    ['nothing', { value: null }, 'It has no payload.'],
    [
      'bytes',
      { value: '\uFFFD', raw: { key: null, value: '/w==', headers: [] } },
      'It is no text: the terminal prints its bytes with --json',
    ],
    ['a beginning', { value: 'x', cutFrom: 9_000 }, 'Only the beginning of 9000 bytes is stored'],
    ['a timer', { topic: 'timer:expire-approval', headers: {} }, 'What timer expire-approval'],
    ['no event', { headers: {} }, 'What message that is no event'],
  ])('says that a letter holds %s', async (_what, letter, words) => {
    expect((await page(letter)).text).toContain(words)
  })

  it.each([
    ['replayed', 'handled', 'EPA Chief replayed it at 2026-11-26 11:30:00 UTC: handled.', []],
    ['replayed', 'ignored-stale', 'its run had moved on, nothing changed', []],
    ['discarded', 'of a drill', 'EPA Chief discarded it at 2026-11-26 11:30:00 UTC: “of a drill”', []],
    ['ignored', null, 'it can only be discarded', ['discard']],
  ] as const)('says what became of a letter that was %s (%s)', async (state, reason, words, verbs) => {
    const closed = reason === null ? null : { at: '2026-11-26T11:30:00Z', by: 'EPA Chief', reason }
    const { text } = await page({ state, closed })
    expect(text).toContain(words)
    const offered = ['replay', 'discard'].filter((verb) => text.includes(`dlq ${verb} linter`))
    expect(offered).toEqual(verbs)
  })

  it('is a 404 with a next step for an id that no service has, and reads nothing for what is no id', async () => {
    const missing = await page(undefined)
    expect(missing.status).toBe(404)
    expect(missing.html).toContain('<a href="/topics#letters">')
    expect(missing.text).toContain('hms-svc dlq list --all')
    const invalid = await page(undefined, { id: '../approver/x' })
    expect([invalid.status, invalid.paths]).toEqual([404, []])
  })

  it('does not call a letter missing while a service is away that may have it', async () => {
    const { status, text } = await page(undefined, { more: { [`/v1/dead-letters/rollout/${ID}`]: AWAY } })
    expect(status).toBe(200)
    expect(text).toContain('The dead letter could not be loaded')
    expect(text).not.toContain('There is no dead letter with this id')
  })
})

describe('the page that decides about a dead letter', async () => {
  const envelope = await rosterOf(['EPA Chief', 'EPA Counsel'])
  const decide = (query: string, letter: Partial<DeadLetterView> = {}) =>
    page(letter, { query, more: { '/v1/roster': [{ version: 1, envelope }] } })

  it.each(['replay', 'discard'])('shows what is signed to %s it: act, letter, digest and reason', async (act) => {
    const { html, text } = await decide(`decision=${act}&reason=bug+fixed`)
    const payload = /data-statement="([^"]+)"/.exec(html)![1]!
    const { predicate } = JSON.parse(Buffer.from(payload, 'base64').toString()) as { predicate: object }
    const { digest: subject } = aLetter()
    expect(predicate).toMatchObject({
      subject,
      decision: `${act} dead letter linter/${ID}`,
      reason: 'bug fixed',
      at: '2026-11-26T12:00:00.000Z',
    })
    expect(html).toContain(`name="path" value="/v1/dead-letters/linter/${ID}/decisions"`)
    expect(text).toContain(`hms-svc dlq ${act} linter/${ID} --reason TEXT --sign NAME`)
    expect(text).toContain('Paste a signature instead')
  })

  it.each([
    ['no reason', 'decision=replay', {}, 'A decision needs a reason.'],
    ['another decision', 'decision=burn&reason=r', {}, 'It takes replay, discard in its present state.'],
    ['a replay of a foreign record', 'decision=replay&reason=r', { state: 'ignored' }, 'It takes discard in its present state.'],
    [
      'a closed letter',
      'decision=discard&reason=r',
      { state: 'discarded', closed: { at: '2026-11-26T11:30:00Z', by: 'EPA Chief', reason: 'drill' } },
      'EPA Chief discarded it at 2026-11-26 11:30:00 UTC: “drill”',
    ],
  ] as const)('signs nothing for %s', async (_what, query, letter, words) => {
    const { html, text } = await decide(query, letter)
    expect(text).toContain(words)
    expect(html).not.toContain('data-signing')
  })
})
