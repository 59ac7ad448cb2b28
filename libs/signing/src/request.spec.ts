import type { Envelope } from '#libs/contracts'
import { beforeAll, describe, expect, it } from 'vitest'
import { demoRoster } from './roster/demo-roster.js'
import { readRoster, signRoster } from './roster/read-roster.js'
import type { RosterPredicate } from './roster/roster-predicate.js'
import { generateKeyPair, type KeyPair } from './keys.js'
import { signRequest, verifyRequestHead } from './request.js'
import { localSigner } from './signer.js'

const AT = '2026-03-01T00:00:00Z'
const request = { method: 'POST', path: '/v1/rollbacks', body: Buffer.from('{}') }
const names = ['EPA Chief', 'EPA Counsel', 'Air Office', 'rollout', 'operator'] as const
const keys = Object.fromEntries(names.map((name) => [name, generateKeyPair()])) as Record<(typeof names)[number], KeyPair>

async function rosterWith(change: (roster: RosterPredicate) => void) {
  const member = (name: keyof typeof keys) => ({ name, spki: keys[name].spki })
  const predicate = demoRoster({
    people: [member('EPA Chief'), member('EPA Counsel'), member('Air Office')],
    services: [member('rollout')],
    operator: member('operator'),
    expires: '2036-01-01T00:00:00Z',
  })
  change(predicate)
  return readRoster(
    await signRoster(
      predicate,
      [keys['EPA Chief'], keys['EPA Counsel'], keys['Air Office']].map(({ privateKey }) => localSigner(privateKey)),
    ),
  )
}

describe('a signed request', () => {
  let header: string
  beforeAll(async () => {
    header = await signRequest(localSigner(keys['EPA Chief'].privateKey), {
      ...request,
      audience: `sha256:${'a'.repeat(64)}`,
      at: new Date(AT),
    })
  })

  it('is valid for exactly the signed request, by a key that was valid at the signing time', async () => {
    const roster = await rosterWith(() => {})
    expect(verifyRequestHead(header, request, roster).keyid).toBe(keys['EPA Chief'].keyid)
    expect(() => verifyRequestHead(header, { ...request, path: '/v1/withdrawals' }, roster)).toThrow('HMS_SIGNATURE_INVALID')
  })

  it('is rejected before its signature is verified, if it is for another request or names no key or several', async () => {
    const roster = await rosterWith(() => {})
    const of = (change: (envelope: Envelope) => unknown): string => {
      const envelope = JSON.parse(Buffer.from(header.slice('HMS-Statement '.length), 'base64url').toString()) as Envelope
      return `HMS-Statement ${Buffer.from(JSON.stringify(change(envelope))).toString('base64url')}`
    }
    const unsigned = of((envelope) => ({
      ...envelope,
      signatures: [{ keyid: keys['EPA Chief'].keyid, sig: Buffer.alloc(64).toString('base64') }],
    }))
    expect(() => verifyRequestHead(unsigned, { ...request, path: '/v1/withdrawals' }, roster)).toThrow(
      'the signature is for another request',
    )
    for (const signatures of [(all: object[]) => all.map((one) => ({ ...one, keyid: '' })), (all: object[]) => [...all, ...all], () => []])
      expect(() =>
        verifyRequestHead(
          of((envelope) => ({ ...envelope, signatures: signatures(envelope.signatures) })),
          request,
          roster,
        ),
      ).toThrow('exactly one signature, with its keyid')
  })

  it.each([
    ['expired', { notAfter: AT }],
    ['not yet valid', { notBefore: '2026-03-01T00:00:01Z' }],
  ])('is rejected if its key was %s', async (_what, bounds) => {
    const roster = await rosterWith(({ principals }) => void Object.assign(principals['epa-chief']!.keys[0]!, bounds))
    expect(() => verifyRequestHead(header, request, roster)).toThrow('HMS_SIGNATURE_UNKNOWN_KEY')
  })

  it('is rejected if its key was revoked at any time', async () => {
    const roster = await rosterWith(
      (predicate) => void (predicate.revoked = [{ keyid: keys['EPA Chief'].keyid, since: '2035-01-01T00:00:00Z', reason: 'stolen' }]),
    )
    expect(() => verifyRequestHead(header, request, roster)).toThrow('HMS_SIGNATURE_UNKNOWN_KEY')
  })
})
