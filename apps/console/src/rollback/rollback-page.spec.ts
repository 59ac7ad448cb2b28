import type { PolicyDocument, VerifiedLive } from '#libs/policy'
import { describe, expect, it } from 'vitest'
import { rosterOf } from '../testing/people.js'
import { AWAY, BUNDLE_FIRST, NOT_PREAPPROVED, shown, type Shown } from '../testing/shown.js'
import { rollbackPage } from './rollback-page.js'

const ID = 'epa-pm25-limit'
const BOT = { id: 'inspector-1', region: 'NCR', state: 'current', version: '2.0.0', digest: 'sha256:1' }

/** Shows the page of a rollback to 1.5.0. `preview`: response of rollout about the policies that it moves. */
async function page(preview: unknown, query = 'to=1.5.0', live: Record<string, VerifiedLive> = {}): Promise<Shown> {
  const answers = {
    [`/v1/policies/${ID}`]: { id: ID, version: '2.0.0' },
    [`/v1/policies/${ID}/history?limit=50`]: [],
    [`/v1/policies/${ID}?version=1.5.0`]: { id: ID, version: '1.5.0', value: { id: ID, version: '1.5.0', limit: 35 } },
    [`/v1/rollbacks/preview?policy=${ID}&version=1.5.0`]: preview,
    [`/v1/rollbacks/preview?policy=${ID}&version=1.5.0&only=true`]: preview,
    [`/v1/coverage?policy=${ID}&bots=all`]: { policy: ID, total: 1, current: 1, versions: [], lagging: [], bots: [BOT] },
    '/v1/roster': [{ version: 1, envelope: await rosterOf(['EPA Chief', 'EPA Counsel']) }],
  }
  return shown(rollbackPage, { answers, params: { id: ID }, query, live })
}

describe('the page of a rollback', () => {
  it('names all policies that one signature takes back together, and the only one that a prepared rollback does', async () => {
    const moved = [ID, 'ozone-limit'].map((id) => ({ id, from: '2.0.0', version: '1.5.0' }))
    const { text } = await page({ id: ID, version: '1.5.0', moved })
    expect(text).toContain('2 policies go back together')
    expect(text).toContain(`It rolls back ${ID} alone; no other policy changes.`)
  })

  it.each([
    ['is away', AWAY, 'approver did not respond within 2.5 s'],
    ['refuses', BUNDLE_FIRST, 'HMS_ROLLOUT_BUNDLE_FIRST'],
  ])('reports that the other policies are not known where rollout %s, and offers the one alone', async (_what, preview, detail) => {
    const { text, html } = await page(preview)
    expect(text).toContain('What is rolled back with it is not known')
    expect(text).toContain(detail)
    expect(html).toContain(`href="/policies/${ID}/rollback?to=1.5.0&amp;reason=&amp;public-reason=&amp;only=yes"`)
    expect((await page(preview, 'to=1.5.0&only=yes')).text).not.toContain('is not known')
  })

  it.each(['to=1.5.0', 'to=1.5.0&only=yes'])(
    'offers to prepare what one signature does not take back, not to sign it (%s)',
    async (query) => {
      const { text, html } = await page(NOT_PREAPPROVED, query)
      expect(text).toContain('as many signatures as an approval of that version. Prepare it for signatures below.')
      expect(text).not.toMatch(/Not allowed|is not known/)
      expect(html).not.toMatch(/data-signing|data-stopwatch/)
      expect((await page({ moved: [] }, query)).html).toMatch(/data-stopwatch.*data-signing/s)
    },
  )

  it('says that the values of the version to bring back were not verified', async () => {
    const policy = { id: ID, version: '2.0.0', limit: 25 } as unknown as PolicyDocument
    const live = { [ID]: { kind: 'verified', release: { policy } } as unknown as VerifiedLive }
    expect((await page({ moved: [] }, 'to=1.5.0', live)).text).toContain('Field Now (2.0.0) Then (1.5.0, not verified here)')
  })

  it('shows the fleet beside the stopwatch, which follows the page of the fleet', async () => {
    const { html } = await page({ id: ID, version: '1.5.0', moved: [] })
    expect(html).toMatch(/data-stopwatch.*<div data-follow="\/fleet\?policy=epa-pm25-limit">.*<title>inspector-1: 2\.0\.0<\/title>/s)
    expect((await page(AWAY, '')).html).not.toContain('data-follow')
  })
})
