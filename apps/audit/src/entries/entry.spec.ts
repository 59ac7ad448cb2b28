import { createHash } from 'node:crypto'
import type { VerifiedEvent } from '#libs/contracts'
import { describe, expect, it } from 'vitest'
import { factsOf, leafHashOf, leafOf, recordedEntry } from './entry.js'

const payload = Buffer.from('{"predicate":{"data":{"secret":"not for the log"}}}')
const EVENT: VerifiedEvent = {
  id: '01890a5d-ac96-774b-bcce-b302099a8057',
  source: '/hms-svc/linter',
  type: 'hms.lint.passed.v1',
  topic: 'hms.lint.v1',
  key: 'epa-pm25-limit',
  keySeq: 7,
  time: '2026-01-01T00:00:00.000Z',
  runId: '184',
  attempt: 1,
  data: { secret: 'not for the log' },
  envelope: { payload: payload.toString('base64'), payloadType: 'application/vnd.in-toto+json', signatures: [] },
}

const DIGEST = `sha256:${createHash('sha256').update(payload).digest('hex')}`
const LEAF =
  '{"at":"2026-01-01T00:00:00.000Z","attempt":1,"digest":"' +
  DIGEST +
  '","event":"01890a5d-ac96-774b-bcce-b302099a8057","key":"epa-pm25-limit","run":184,"source":"/hms-svc/linter","topic":"hms.lint.v1",' +
  '"type":"hms.lint.passed.v1","v":1}'

describe('an audit entry', () => {
  it('is the canonical JSON of facts and the digest of what was signed, without contents', () => {
    expect(leafOf(factsOf(EVENT))).toBe(LEAF)
    expect(LEAF).not.toContain('secret')
  })

  it('has null for run and attempt if the event belongs to no run', () => {
    const { runId: _run, attempt: _attempt, ...free } = EVENT
    expect(factsOf(free)).toMatchObject({ run: null, attempt: null })
  })

  it('is hashed as a leaf of RFC 6962: 0x00 before the entry', () => {
    const expected = createHash('sha256')
      .update(Buffer.concat([Buffer.of(0), Buffer.from(LEAF)]))
      .digest('hex')
    expect(leafHashOf(factsOf(EVENT)).toString('hex')).toBe(expected)
    expect(expected).toBe('a432d21ec8f4e87ef2d6b8bb48f306f6a10affa94f40d0c341c390ebeb9e9449')
  })

  it('names the signers of an event that is not kept, as the roster spells them, and the releases that it approves', () => {
    const policies = [{ id: 'pm25', version: '2.0.0' }]
    const entryOf = (type: string, actors: string[]) => {
      const facts = { ...factsOf(EVENT), type }
      const nameOf = (actor: string) => (actor === 'epa chief' ? 'EPA Chief' : actor)
      return recordedEntry({ index: 0, facts, leafHash: leafHashOf(facts), actors, policies }, { acts: true }, nameOf)
    }
    const act = { by: ['EPA Chief', 'former official'], decision: 'sign', policies, reason: null, statements: [] }
    expect(entryOf('hms.approval.approved.v1', ['epa chief', 'former official']).acts).toEqual([act])
    expect(entryOf('hms.approval.approved.v1', [])).not.toHaveProperty('acts')
    expect(entryOf('hms.lint.passed.v1', ['epa chief'])).not.toHaveProperty('acts')
  })

  it('can be hashed from the response alone', () => {
    const facts = factsOf(EVENT)
    const { index, leafHash, ...rest } = recordedEntry({ index: 0, facts, leafHash: leafHashOf(facts) })
    expect([index, leafHashOf(rest).toString('hex')]).toEqual([0, leafHash])
  })
})
