import { describe, expect, it } from 'vitest'
import { rosterOf } from '../testing/people.js'
import { shown, type Shown } from '../testing/shown.js'
import { rollbackPage } from './rollback-page.js'

const ID = 'epa-pm25-limit'

/** Shows the page of a rollback to 1.5.0. `moved`: policies that a rollback with one signature moves. */
async function page(moved: { id: string; from: string; version: string }[]): Promise<Shown> {
  const answers = {
    [`/v1/policies/${ID}`]: { id: ID, version: '2.0.0' },
    [`/v1/policies/${ID}/history?limit=50`]: [],
    [`/v1/policies/${ID}?version=1.5.0`]: { id: ID, version: '1.5.0', limit: 35 },
    [`/v1/rollbacks/preview?policy=${ID}&version=1.5.0`]: { id: ID, version: '1.5.0', moved },
    '/v1/roster': [{ version: 1, envelope: await rosterOf(['EPA Chief', 'EPA Counsel']) }],
  }
  return shown(rollbackPage, { answers, params: { id: ID }, query: 'to=1.5.0' })
}

describe('the page of a rollback', () => {
  it('names all policies that one signature takes back together, and the only one that a prepared rollback does', async () => {
    const moved = [ID, 'ozone-limit'].map((id) => ({ id, from: '2.0.0', version: '1.5.0' }))
    const { text } = await page(moved)
    expect(text).toContain('2 policies go back together')
    expect(text).toContain(`It rolls back ${ID} alone; no other policy changes.`)
  })
})
