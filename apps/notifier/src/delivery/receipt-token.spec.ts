import { describe, expect, it } from 'vitest'
import { mintReceiptToken, receiptTokenIn, receiptUrl, withReceiptToken } from './receipt-token.js'

const TOKEN = mintReceiptToken()
const FORGED = `https://evil.example/receipts/${'x'.repeat(43)}`
const bodyOf = (data: object): string => JSON.stringify({ type: 'policy.updated', timestamp: '2026-01-01T00:00:00.000Z', data })

describe('the token of a receipt', () => {
  it.each<[string, (receipt: string) => object]>([
    ['a text', (receipt) => ({ reason: FORGED, receipt })],
    ['a text that looks like a member', (receipt) => ({ reason: `","receipt":"${FORGED}`, receipt })],
    ['a value of a policy', (receipt) => ({ values: { receipt: FORGED, receipts: [FORGED] }, receipt })],
    ['a text behind it', (receipt) => ({ receipt, note: FORGED })],
  ])('is found in its member only, and not in %s', (_what, data) => {
    const body = bodyOf(data(receiptUrl(TOKEN, 'https://hms.example')))
    expect(receiptTokenIn(body)).toBe(TOKEN)
    const other = mintReceiptToken()
    expect(withReceiptToken(body, other)).toBe(bodyOf(data(receiptUrl(other, 'https://hms.example'))))
  })

  it('is not found in a body without the member', () => {
    const body = bodyOf({ reason: FORGED, values: { receipt: FORGED } })
    expect(receiptTokenIn(body)).toBeUndefined()
    expect(withReceiptToken(body, TOKEN)).toBe(body)
    expect(receiptTokenIn(bodyOf({ receipt: `${FORGED}/more` }))).toBeUndefined()
  })

  it('is replaced without changing any other byte of the body', () => {
    const update = {
      id: 'a',
      version: '1.0.0',
      digest: 'sha256:x',
      effective: '2024-01-01T00:00:00Z',
      supersedes: ['a@0.9.0'],
      bundle: ['a@1.0.0'],
    }
    const body = (token: string): string => bodyOf({ ...update, receipt: receiptUrl(token, undefined) })
    const other = mintReceiptToken()
    expect(withReceiptToken(body(TOKEN), other)).toBe(body(other))
  })
})
