import { describe, expect, it } from 'vitest'
import { maskCredentials } from '#libs/contracts'
import { isExact, parsePolicy } from '#libs/policy'
import { acceptsHtml } from '../../apps/console/src/layout/accepts-html.js'

/** Texts of a size that is accepted, for which a pattern tries every start with every end: each takes more than ten seconds then. */
describe('a text that others write is read once', { timeout: 10_000 }, () => {
  it('as the Accept of a request for a page', () => {
    expect(acceptsHtml(`text/html${' '.repeat(250_000)}x`)).toBe(false)
    expect(acceptsHtml('text/html ; level=1 ;q=0.0, text/html; q=0.1')).toBe(true)
    expect(acceptsHtml('text/html ;q=0')).toBe(false)
  })

  it('as a number of a policy', () => {
    const policy = `id: slow-limit\nversion: 1.0.0\neffective: 2024-09-01T00:00:00Z\nlimit: 0.1${'0'.repeat(250_000)}1\n`
    expect(parsePolicy(policy, 'slow.yaml')).toMatchObject({ ok: false, findings: [{ rule: 'number-loses-digits' }] })
  })

  it('as a number with a blank behind it', () => {
    expect(isExact(`${'0'.repeat(250_000)} `)).toBe(true)
  })

  it('as an error of a service', () => {
    const text = 'a.'.repeat(128 * 1024)
    expect(maskCredentials(`${text} http://u:SECRET@a`)).toBe(`${text} http://***@a`)
  })
})
