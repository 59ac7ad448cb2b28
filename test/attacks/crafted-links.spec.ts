import { expect, it } from 'vitest'
import { decideRunPage } from '../../apps/console/src/decisions/decide-run-page.js'
import { rosterOf } from '../../apps/console/src/testing/people.js'
import { shown } from '../../apps/console/src/testing/shown.js'

/** All choices of a page that signs are in its address, which another site or a mail can write. */

const ROSTER = await rosterOf(['EPA Chief'])
const RUN = {
  run: 7,
  attempt: 1,
  digest: `sha256:${'ab'.repeat(32)}`,
  state: 'PAUSED',
  reason: 'ACK_TIMEOUT',
  policies: [],
  stages: [],
  decisions: [],
}

it.each([
  ['what partners get', 'decision=abort&public-reason=The+limit+is+void', '"The limit is void"'],
  ['how long', 'decision=extend&by=20d', '1728000000'],
])('a link shows %s without a click, as everything that it has signed', async (_what, query, value) => {
  const answers = { '/v1/runs/7': RUN, '/v1/roster': [{ version: 1, envelope: ROSTER }] }
  const { html, text } = await shown(decideRunPage, { answers, params: { number: '7' }, query: `${query}&reason=ok` })
  expect(text).toContain(value)
  const closed = html.replaceAll(/<details(?! open)[\s\S]*?<\/details>/g, '')
  expect(closed).toContain(`>${value.replaceAll('"', '&quot;')}</td>`)
})
