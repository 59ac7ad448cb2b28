import { expect, it } from 'vitest'
import { rosterOf } from '../testing/people.js'
import { shown } from '../testing/shown.js'
import { freezesPage } from './freezes-page.js'
import { liftPage } from './sign-freeze-pages.js'

const freeze = {
  id: 'polls',
  scope: 'global',
  reason: 'votes',
  by: 'EPA Chief',
  declaredAt: '2026-11-26T10:00:00Z',
  lifted: null,
  next: null,
}

it('compares the freeze that a person ends with the one in the list, which another person may have ended or declared again', async () => {
  const roster = [{ version: 1, envelope: await rosterOf(['EPA Chief', 'Ann']) }]
  const answers = { '/v1/freezes/polls': { ...freeze, statement: { payload: 'e30=' } }, '/v1/roster': roster }
  const { html } = await shown(liftPage, { answers, params: { id: 'polls' }, query: 'reason=over' })
  const beside = /data-beside="\/freezes\?([^"]*)"/.exec(html)![1]!
  const stateIn = async (listed: object) => {
    const page = await shown(freezesPage, { answers: { '/v1/freezes': [{ ...freeze, state: 'ACTIVE', ...listed }] }, query: beside })
    return /<main[^>]* data-state="([^"]*)"/.exec(page.html)?.[1]
  }
  expect(html).toContain(`data-state="${freeze.declaredAt}"`)
  expect(await stateIn({})).toBe(freeze.declaredAt)
  expect(await stateIn({ declaredAt: '2026-11-26T11:00:00Z' })).toBe('2026-11-26T11:00:00Z')
  expect(await stateIn({ state: 'LIFTED', lifted: { by: 'Ann', reason: 'counted', at: '2026-11-26T11:00:00Z' } })).toBe('LIFTED')
})
