import { describe, expect, it } from 'vitest'
import { sampleRelease } from '../channels/sample-release.suite.js'
import { noticeOf, releaseFacts } from './news.js'

describe('noticeOf', () => {
  it('has the documented body', async () => {
    const release = await sampleRelease({ id: 'epa-pm25-limit', version: '2.0.0', effective: '2024-09-01T00:00:00Z' })
    const policy = { ...releaseFacts(release), digest: 'sha256:ab', release, replaced: null, before: '1.5.0' }
    const notice = noticeOf({ cause: 'run-1-1', messageCause: 'run_1', run: 1, stage: '1.1', at: new Date(0), policies: [policy] })
    expect(notice.body(notice.supersedes([]), '/v1/receipts/x')).toBe(
      '{"type":"policy.updated","timestamp":"1970-01-01T00:00:00.000Z","data":{"intent":"policy-update","id":"epa-pm25-limit",' +
        '"version":"2.0.0","digest":"sha256:ab","effective":"2024-09-01T00:00:00Z","supersedes":["epa-pm25-limit@1.5.0"],' +
        '"bundle":["epa-pm25-limit@2.0.0"],"receipt":"/v1/receipts/x"}}',
    )
  })
})
