import type { ConfigDocument, PastPolicyView } from '#libs/contracts'
import { readRoster } from '#libs/signing'
import type { ApiClient } from '../api/api-client.js'
import { describe, expect, it } from 'vitest'
import { sampleDocument } from '../testing/sample-document.js'
import { SAMPLE_ROSTER, SAMPLE_ROSTER_BYTES } from '../testing/sample-trust.js'
import { verifyPastPolicy, type PastPolicyQuery, type VerifiedPastPolicy } from './verify-past.js'
import { PastPolicies, timeParameters } from './past-policies.js'

const ID = 'epa-pm25-limit'
const ROSTER = readRoster(SAMPLE_ROSTER)
const AT = '2024-09-01T00:00:00Z'
const LATER = '2024-10-01T00:00:00Z'
const ms = (time: string): number => Date.parse(time)

const first = sampleDocument({ policy: { id: ID, version: '1.5.0', limit: 35 }, seq: 3 })
const second = sampleDocument({ policy: { id: ID, version: '2.0.0', limit: 25, effective: LATER } })
/** Document with 1.5.0 in force and 2.0.0 scheduled for `LATER`. */
const holding: ConfigDocument = {
  ...sampleDocument({ policy: { id: ID, version: '1.5.0', limit: 35 }, seq: 4, next: { release: second.digest!, at: LATER } }),
  next: { release: second.release!, proof: null },
}

/** Returns a view of a store that describes the record as `said`. */
function shown(record: ConfigDocument, said: ConfigDocument = record): PastPolicyView {
  return {
    id: ID,
    version: said.version!,
    revision: 1,
    source: 'history',
    scope: 'global',
    since: AT,
    until: null,
    recordedAt: AT,
    // Ignored by the verifier, which reads the signed documents.
    value: { limit: 1 },
    provenance: { run: null, digest: said.digest!, author: null, approvedBy: ['Mallory'] },
    record,
  }
}
const check = (view: PastPolicyView, asked: Partial<PastPolicyQuery>): unknown => {
  try {
    return verifyPastPolicy(view, { id: ID, ...asked }, [ROSTER])
  } catch (error) {
    return error
  }
}

describe('a store’s view of an earlier time', () => {
  it('yields the signed policy', () => {
    const found = check(shown(first), { atMs: ms(AT) }) as VerifiedPastPolicy
    expect(found).toMatchObject({ value: { version: '1.5.0', limit: 35 }, approvedBy: ['EPA Chief'] })
    expect(Object.isFrozen(found.value)).toBe(true)
    expect(check(shown(first), { version: '1.5.0' })).toMatchObject({ value: { limit: 35 } })
  })

  it('yields the scheduled release from its effective time on', () => {
    expect(check(shown(holding), { atMs: ms(LATER) - 1 })).toMatchObject({ value: { version: '1.5.0' } })
    expect(check(shown(holding, second), { atMs: ms(LATER) })).toMatchObject({ value: { version: '2.0.0', limit: 25 } })
    expect(check(shown(holding, second), { version: '2.0.0' })).toMatchObject({ value: { limit: 25 } })
  })

  const foreign = sampleDocument({ policy: { id: 'ozone-limit', version: '1.5.0', limit: 35 } })
  it.each<[string, PastPolicyView, Partial<PastPolicyQuery>, string]>([
    ['another version than it names', shown(first, second), { atMs: ms(AT) }, 'the signed release is epa-pm25-limit@1.5.0'],
    ['the version before, at a time of the next', shown(holding), { atMs: ms(LATER) }, 'the signed release is epa-pm25-limit@2.0.0'],
    ['a version that the head does not name', shown(first), { version: '2.0.0' }, 'does not put the requested release in force'],
    ['another policy', shown(foreign), { atMs: ms(AT) }, 'the returned head is for ozone-limit@global'],
    ['a head that was not known yet', shown(first), { atMs: ms(AT), knownMs: ms('2024-08-01T00:00:00Z') }, 'after the requested time'],
    ['a head of later on', shown(first), { atMs: ms('2024-08-01T00:00:00Z') }, 'after the requested time'],
    [
      'a withdrawal as a value',
      shown(sampleDocument({ policy: null }), first),
      { atMs: ms(AT) },
      'does not put the requested release in force',
    ],
    [
      'a head that rollout did not sign',
      shown(sampleDocument({ policy: { id: ID, version: '1.5.0' }, headSignedBy: 'canary-controller' })),
      { atMs: ms(AT) },
      'only rollout may sign',
    ],
    ['an unapproved release', shown(sampleDocument({ policy: { id: ID, version: '1.5.0' }, approvedBy: [] })), { atMs: ms(AT) }, ''],
    ['a head without its releases', shown({ ...holding, next: undefined } as ConfigDocument), { atMs: ms(AT) }, 'does not contain it'],
    ['nothing that proves it', { ...shown(first), record: undefined } as unknown as PastPolicyView, { atMs: ms(AT) }, 'has no head'],
    [
      'a rule before its time',
      shown(sampleDocument({ policy: { id: ID, version: '2.0.0', effective: LATER } })),
      { atMs: ms(AT) },
      `is in force from ${LATER}`,
    ],
  ])('is refused if it shows %s', (_what, view, asked, detail) => {
    expect(check(view, asked)).toMatchObject({ code: 'HMS_VERIFY_HISTORY', status: 502, detail: expect.stringContaining(detail) })
  })
})

describe('a requested time', () => {
  it('may be a date or text with an offset; known alone is sent with the current time', () => {
    expect(timeParameters({ at: new Date(0), known: '2026-01-01T00:00:00+02:00' })).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      known: '2026-01-01T00:00:00+02:00',
      version: undefined,
    })
    expect(timeParameters({ known: AT }).at).toMatch(/^20\d\d-/)
    expect(timeParameters({ version: '1.5.0' })).toEqual({ version: '1.5.0' })
  })

  it.each([{ at: 'yesterday' }, { at: new Date(Number.NaN) }, { known: '2026-01-01' }, { at: AT, version: '1.5.0' }])(
    'may not be %j',
    (query) => {
      expect(() => timeParameters(query)).toThrow(expect.objectContaining({ code: 'HMS_POLICY_TIME', status: 400 }))
    },
  )
})

it('PastPolicies uses the last valid roster if the services deliver no newer one that verifies', async () => {
  for (const rosters of [Promise.resolve([{ version: 2, envelope: SAMPLE_ROSTER }]), Promise.reject(new Error('away'))]) {
    rosters.catch(() => undefined)
    const get = (path: string): Promise<unknown> => (path === '/v1/roster' ? rosters : Promise.resolve(shown(first)))
    const api = { url: 'http://press.example', get } as unknown as ApiClient
    const past = await PastPolicies.open({ api, roster: SAMPLE_ROSTER_BYTES })
    expect(await past.read(ID, { at: AT })).toMatchObject({ value: { version: '1.5.0', limit: 35 } })
  }
})
