import { describe, expect, it } from 'vitest'
import { policyUpdatedBody, policyWithdrawnBody } from '../../apps/notifier/src/delivery/message-body.js'
import { SAMPLE_EVENTS, sampleMessage } from '../../apps/cli/src/webhooks/forward.js'

const AT = new Date('2026-01-01T00:00:00Z')
const [id, version, digest, receipt] = ['pm25', '2.0.0', 'sha256:00', '/v1/receipts/x']
const REAL = {
  'policy.updated': policyUpdatedBody({ id, version, digest, effective: '', supersedes: [], bundle: [], receipt }, AT),
  'policy.withdrawn': policyWithdrawnBody({ id, version, digest, supersedes: [], receipt }, AT),
}

describe('a sample for developers', () => {
  it.each([...SAMPLE_EVENTS])('of %s has the members of a real message, in their order', (event) => {
    const shapeOf = (text: string): unknown => {
      const { type, timestamp, data } = JSON.parse(text) as { type: string; timestamp: string; data: object }
      return [type, timestamp, Object.keys(data)]
    }
    const sample = sampleMessage(event, AT)
    expect(shapeOf(sample.body)).toEqual(shapeOf(REAL[event].toString()))
    expect(sample.id).toMatch(/^sample_[a-z0-9-]+$/)
  })
})
