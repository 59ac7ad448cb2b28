import { describe, expect, it } from 'vitest'
import { SAMPLE_EVENTS, sampleMessage } from '../../apps/cli/src/webhooks/forward.js'
import { sampleRelease } from '../../apps/notifier/src/channels/sample-release.suite.js'
import type { PolicyEventType } from '#libs/contracts'
import { noticeOf, type News } from '../../apps/notifier/src/delivery/news.js'

const AT = new Date('2026-01-01T00:00:00Z')
const release = await sampleRelease({ id: 'pm25', version: '2.0.0' })
const policy = { policy: 'pm25', version: '2.0.0', digest: 'sha256:00', effective: '', replaced: null, before: null }
const bodyOf = (content: { release: typeof release | null }, more: Partial<News> = {}): string =>
  noticeOf({ cause: '', messageCause: '', run: 1, stage: null, at: AT, policies: [{ ...policy, ...content }], ...more }).body(
    [[]],
    '/v1/receipts/x',
  )
const REAL: Record<PolicyEventType, string> = {
  'policy.announced': bodyOf({ release }, { kind: 'announced' }),
  'policy.updated': bodyOf({ release }),
  'policy.rolled-back': bodyOf({ release }, { kind: 'rolled-back', publicReason: 'a recall' }),
  'policy.withdrawn': bodyOf({ release: null }),
}

describe('a sample for developers', () => {
  it('exists of every event', () => {
    expect([...SAMPLE_EVENTS].sort()).toEqual(Object.keys(REAL).sort())
  })

  it.each([...SAMPLE_EVENTS])('of %s has the members of a real message, in their order', (event) => {
    const shapeOf = (text: string): unknown => {
      const { type, timestamp, data } = JSON.parse(text) as { type: string; timestamp: string; data: object }
      return [type, timestamp, Object.keys(data)]
    }
    const sample = sampleMessage(event, AT)
    expect(shapeOf(sample.body)).toEqual(shapeOf(REAL[event]))
    expect(sample.id).toMatch(/^sample_[a-z0-9-]+$/)
  })
})
