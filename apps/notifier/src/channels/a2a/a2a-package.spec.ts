import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { sampleAttempt } from '../sample-attempt.suite.js'
import { a2aPackage } from './send-a2a.js'

const SECRET = 'a secret of the integration layer'
const BODY = {
  type: 'policy.updated',
  timestamp: '2026-01-01T00:00:00.000Z',
  data: { intent: 'policy-update', id: 'ozone', version: '2.0.0' },
}
const attempt = sampleAttempt(
  { kind: 'a2a', url: 'https://partner.example/a2a', secret: SECRET },
  { id: 'run_1_ozone_va-deq', body: Buffer.from(JSON.stringify(BODY)), timestamp: new Date('2026-01-01T00:00:30Z') },
)

describe('a2aPackage', () => {
  it('contains sender, recipient, content and time', () => {
    expect(a2aPackage(attempt, SECRET)).toEqual({
      meta: { from: 'hms-svc', to: 'va-deq', ts: '2026-01-01T00:00:30.000Z', ver: '1.0' },
      intent: 'policy-update',
      data: { id: 'ozone', version: '2.0.0', message: 'run_1_ozone_va-deq' },
      tags: [],
      sig: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  it('is signed over its RFC 8785 form, which a receiver can compute', () => {
    const text =
      '{"data":{"id":"ozone","message":"run_1_ozone_va-deq","version":"2.0.0"},"intent":"policy-update",' +
      '"meta":{"from":"hms-svc","to":"va-deq","ts":"2026-01-01T00:00:30.000Z","ver":"1.0"},"tags":[]}'
    expect(a2aPackage(attempt, SECRET).sig).toBe(createHmac('sha256', SECRET).update(text).digest('hex'))
    expect(a2aPackage(attempt, 'another secret of theirs').sig).not.toBe(a2aPackage(attempt, SECRET).sig)
  })
})
