import type { ReceiptView } from '#libs/contracts'
import { describe, expect, it } from 'vitest'
import { MISSING, shown } from '../testing/shown.js'
import { receiptPage } from './mail-link-pages.js'

const RECEIPT: ReceiptView = {
  partner: 'md-mail',
  policy: 'epa-pm25-limit',
  version: '2.0.0',
  bundle: ['epa-pm25-limit@2.0.0', 'ozone@3.0.0'],
  messageId: 'run_184_epa-pm25-limit_md-mail',
  acknowledgedAt: null,
  signed: false,
}
const params = { token: 'abc' }
const page = (receipt: unknown, query = '') =>
  shown(receiptPage, { answers: { [`/v1/receipts/abc${query === '' ? '' : `?${query}`}`]: receipt }, params, query })

describe('the page behind the link in a mail', () => {
  it('has a button, and reads only: opening it acknowledges nothing', async () => {
    const { html, paths } = await page(RECEIPT)
    expect(html).toMatch(/<form method="post" action="\/receipts\/abc">.*<button[^>]*type="submit">Acknowledge/)
    expect(paths).toEqual(['/v1/receipts/abc'])
    expect(html).toContain('ozone@3.0.0')
  })

  it('has none once it was pressed, and shows the time of that', async () => {
    const { html, text } = await page({ ...RECEIPT, acknowledgedAt: '2026-11-26T11:05:00Z' }, 'pressed')
    expect(html).not.toContain('<form method="post"')
    expect(text).toContain('2026-11-26 11:05:00 UTC')
  })

  it('has none for a message that a program acknowledges, and is 404 for a token that does not count', async () => {
    expect((await page({ ...RECEIPT, signed: true })).html).not.toContain('<form method="post"')
    expect((await page(MISSING)).status).toBe(404)
  })
})
