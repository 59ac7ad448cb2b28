import { describe, expect, it } from 'vitest'
import { explain } from './stage-words.js'

describe('explain', () => {
  it.each([
    ['ACK_TIMEOUT', 'ACK_TIMEOUT: 3 of 5 bots acknowledged', 'ACK_TIMEOUT: 3 of 5 bots acknowledged'],
    ['NO_EVIDENCE', 'NO_EVIDENCE: no bot connected', 'NO_EVIDENCE: no bot connected'],
    ['LEASE_LAPSED', 'the lease ended', 'LEASE_LAPSED: the lease ended'],
    ['ACK_TIMEOUT', '', 'ACK_TIMEOUT'],
    ['ACK_TIMEOUT', 'ACK_TIMEOUT', 'ACK_TIMEOUT'],
    ['ACK', 'ACK_TIMEOUT: 3 of 5', 'ACK: ACK_TIMEOUT: 3 of 5'],
  ])('contains the reason once: %s, %s', (reason, detail, text) => {
    expect(explain(reason, detail)).toBe(text)
  })
})
