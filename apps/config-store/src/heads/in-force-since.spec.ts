import type { HeadPredicate } from '#libs/signing'
import { describe, expect, it } from 'vitest'
import type { StoredDocument } from './head.table.js'
import { begunAt, inForceSince } from './in-force-since.js'

const at = (second: number): string => new Date(Date.parse('2026-01-01T00:00:00Z') + second * 1_000).toISOString()

function stored(digest: string | null, times: { storedAt: string; since?: string; next?: HeadPredicate['next'] }): StoredDocument {
  const { next, ...rest } = times
  const payload = Buffer.from(JSON.stringify({ predicate: { next } })).toString('base64')
  return { digest, head: { payload, payloadType: 'test', signatures: [] }, ...rest } as Partial<StoredDocument> as StoredDocument
}

describe('the time since which a release is in force', () => {
  it.each<[string, StoredDocument | undefined, string | null, string]>([
    ['of a first head', undefined, 'a', at(60)],
    ['of another release', stored('b', { storedAt: at(10), since: at(5) }), 'a', at(60)],
    ['of a head that changes nothing', stored('a', { storedAt: at(10), since: at(5) }), 'a', at(5)],
    ['of a row without that time', stored('a', { storedAt: at(10) }), 'a', at(10)],
    ['of what was held, and is in force', stored('b', { storedAt: at(10), next: { release: 'a', at: at(30) } }), 'a', at(30)],
    ['of what was held, and was late', stored('b', { storedAt: at(10), next: { release: 'a', at: at(3) } }), 'a', at(10)],
    ['of what is taken out of its time', stored('b', { storedAt: at(10), next: { release: 'a', at: at(90) } }), 'a', at(60)],
    ['of a withdrawal', stored('b', { storedAt: at(10), since: at(5) }), null, at(60)],
  ])('is right in the case %s', (_case, known, current, since) => {
    expect(inForceSince(known, current, new Date(at(60)))).toBe(since)
  })

  it('is never before the time at which the head was stored', () => {
    expect([begunAt(at(5), at(10)), begunAt(at(15), at(10))]).toEqual([at(10), at(15)])
  })
})
