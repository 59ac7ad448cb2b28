import { describe, expect, it } from 'vitest'
import { sampleRelease } from '../channels/sample-release.suite.js'
import { noticeOf, releaseFacts } from './news.js'

describe('noticeOf', () => {
  it('has the documented body', async () => {
    const release = await sampleRelease({ id: 'epa-pm25-limit', version: '2.0.0', effective: '2024-09-01T00:00:00Z', limit: 25 })
    const policy = { ...releaseFacts(release), digest: 'sha256:ab', release, replaced: null, before: '1.5.0' }
    const notice = noticeOf({ cause: 'run-1-1', messageCause: 'run_1', run: 1, stage: '1.1', at: new Date(0), policies: [policy] })
    expect(notice.body(notice.supersedes([]), '/v1/receipts/x', 'https://hms.example')).toBe(
      '{"type":"policy.updated","timestamp":"1970-01-01T00:00:00.000Z","data":{"intent":"policy-update","id":"epa-pm25-limit",' +
        '"version":"2.0.0","digest":"sha256:ab","effective":"2024-09-01T00:00:00Z","supersedes":["epa-pm25-limit@1.5.0"],' +
        '"bundle":["epa-pm25-limit@2.0.0"],"values":{"limit":25},"link":"https://hms.example/policies/epa-pm25-limit",' +
        '"receipt":"/v1/receipts/x"}}',
    )
  })

  it.each([
    ['the head was stored, for a release in force at once', '2024-09-01T00:00:00Z', '2026-01-01T00:00:05.123Z'],
    ['it takes effect, for a release that readers held', '2026-03-01T00:00:00Z', '2026-03-01T00:00:00Z'],
  ])('reports when %s, as history does', async (_when, effective, inForceFrom) => {
    const release = await sampleRelease({ id: 'pm25', version: '2.0.0', effective })
    const policy = { ...releaseFacts(release), release, replaced: null, before: null }
    const names = { cause: 'run-1-1', messageCause: 'run_1', run: 1, stage: '1.1', at: new Date(0) }
    const bodyOf = (storedAt?: string) => noticeOf({ ...names, storedAt, policies: [policy] }).body([[]], '/v1/receipts/x')
    expect(JSON.parse(bodyOf('2026-01-01T00:00:05.123Z'))).toMatchObject({ data: { inForceFrom } })
    expect(bodyOf()).not.toContain('inForceFrom')
  })

  it('has the differences to the release before, and leaves out values that are too large', async () => {
    const dataOf = async (text: string): Promise<Record<string, unknown>> => {
      const [release, replaced] = await Promise.all([
        sampleRelease({ id: 'pm25', version: '2.0.0', limit: 25, text }),
        sampleRelease({ id: 'pm25', version: '1.5.0', limit: 35, text }),
      ])
      const policy = { ...releaseFacts(release), release, replaced, before: '1.5.0' }
      const notice = noticeOf({ cause: 'run-1-1', messageCause: 'run_1', run: 1, stage: '1.1', at: new Date(0), policies: [policy] })
      return (JSON.parse(notice.body([[]], '/v1/receipts/x')) as { data: Record<string, unknown> }).data
    }
    expect(await dataOf('short')).toMatchObject({ values: { limit: 25 }, differences: [{ field: 'limit', from: 35, to: 25 }] })
    const large = await dataOf('x'.repeat(70_000))
    expect([large['values'], large['differences'], large['link']]).toEqual([undefined, undefined, '/policies/pm25'])
  })
})
