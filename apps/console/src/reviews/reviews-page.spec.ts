import { describe, expect, it } from 'vitest'
import { AWAY, shown } from '../testing/shown.js'
import { reviewsPage } from './reviews-page.js'

const ticket = (number: number, state: 'OPEN' | 'DECIDED') => ({
  ticket: number,
  state,
  run: number,
  policies: [{ id: 'pm25', version: '2.0.0' }],
  reason: 'UNEXPLAINED_ALERTS',
  expiresAt: '2026-11-27T12:00:00Z',
})
/** The newest tickets: the older open ticket 1 is not among them. */
const newest = [ticket(3, 'DECIDED'), ticket(2, 'OPEN')]
const page = (query = '', open: unknown = [ticket(2, 'OPEN'), ticket(1, 'OPEN')]) =>
  shown(reviewsPage, {
    answers: { '/v1/tickets': newest, '/v1/tickets?state=OPEN': open, '/v1/tickets?state=DECIDED': newest.slice(0, 1) },
    query,
  })
const listed = (html: string): string[] => [...html.matchAll(/href="\/reviews\/(\d+)"/g)].map(([, number]) => number!)

describe('the page of tickets', () => {
  it('counts and lists open tickets that are not among the newest, each once', async () => {
    const { html, text } = await page()
    expect(text).toContain('2 tickets wait for a decision.')
    expect(listed(html)).toEqual(['2', '1', '3'])
  })

  it('counts open tickets also where the filter leaves them out', async () => {
    const { html, text } = await page('state=DECIDED')
    expect(text).toContain('2 tickets wait for a decision.')
    expect(listed(html)).toEqual(['3'])
  })

  it('counts nothing while the open tickets cannot be read', async () => {
    const { text } = await page('', AWAY)
    expect(text).toContain('Tickets cannot be shown now.')
    expect(text).toContain('The tickets could not be loaded')
  })
})
