import { describe, expect, it } from 'vitest'
import { requireOwnOrigin } from './take-forms.js'

const host = 'policies.example.gov:8443'
const judge = (headers: Record<string, string>) => {
  try {
    requireOwnOrigin({ host, ...headers })
    return 'taken'
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('where a form comes from', () => {
  it.each<[string, Record<string, string>]>([
    ['a page of this site', { 'sec-fetch-site': 'same-origin', origin: `https://${host}` }],
    ['a page of this site behind a proxy that rewrites Host', { 'sec-fetch-site': 'same-origin', origin: 'https://public.example.gov' }],
    ['an older browser on a page of this site', { origin: `https://${host}` }],
    ['a program', {}],
  ])('takes one of %s', (_what, headers) => {
    expect(judge(headers)).toBe('taken')
  })

  it.each<[string, Record<string, string>]>([
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['another site that claims this origin', { 'sec-fetch-site': 'cross-site', origin: `https://${host}` }],
    ['a sister host', { 'sec-fetch-site': 'same-site', origin: 'https://other.example.gov' }],
    ['another port of this host', { origin: 'https://policies.example.gov:9443' }],
    ['a sandboxed page', { origin: 'null' }],
    ['another site, of an older browser', { origin: 'https://evil.example' }],
    ['a host that this one begins', { origin: `https://${host}.evil.example` }],
  ])('refuses one of %s', (_what, headers) => {
    expect(judge(headers)).toBe('HMS_HTTP_FOREIGN')
  })
})
