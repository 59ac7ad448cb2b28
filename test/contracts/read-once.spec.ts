import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Envelope } from '#libs/contracts'
import { withReadCache, STATEMENT_SEAL, type EventSeal } from '#libs/messaging'
import { testIdentity, type TestIdentity } from '../support/identity.js'
import { signedRecord } from './signed-record.js'

describe('an event that several services of a process read', () => {
  let identity: TestIdentity
  let envelope: Envelope
  let verified: number
  let seal: EventSeal
  beforeAll(async () => {
    identity = await testIdentity()
    envelope = JSON.parse((await signedRecord(identity, { keySeq: 1 })).value!) as Envelope
  })
  beforeEach(() => {
    verified = 0
    seal = withReadCache({
      ...STATEMENT_SEAL,
      read: (...asked) => {
        verified++
        return STATEMENT_SEAL.read(...asked)
      },
    })
  })

  const linter = () => identity.roster.serviceKeys('linter')
  const copy = (): Envelope => structuredClone(envelope)

  it('is verified once', () => {
    const first = seal.read(copy(), linter())
    expect(first.predicate).toEqual(STATEMENT_SEAL.read(envelope, linter()).predicate)
    expect(seal.read(copy(), new Map(linter()))).toEqual({ predicate: first.predicate })
    expect(verified).toBe(1)
  })

  it('is not changed by one of them for the others', () => {
    const { predicate } = seal.read(copy(), linter())
    expect(() => ((predicate.data as { n: number }).n = 2)).toThrow(TypeError)
    expect(() => (predicate.key = 'another')).toThrow(TypeError)
  })

  const forgeries: [string, (envelope: Envelope) => unknown][] = [
    ['another payload under its signature', (it) => ({ ...it, payload: Buffer.from('{}').toString('base64') })],
    ['another type of payload', (it) => ({ ...it, payloadType: 'text/plain' })],
    ['its signature under the name of another key', (it) => ({ ...it, signatures: [{ ...it.signatures[0], keyid: 'ab'.repeat(32) }] })],
    ['another signature', (it) => ({ ...it, signatures: [{ ...it.signatures[0], sig: Buffer.alloc(64).toString('base64') }] })],
    ['no signature', (it) => ({ ...it, signatures: [] })],
    ['nothing', () => null],
  ]
  it.each(forgeries)('does not vouch for %s', (_name, forge) => {
    seal.read(copy(), linter())
    expect(() => seal.read(forge(copy()), linter())).toThrow()
    expect(verified).toBe(2)
  })

  it('is dropped where others need the room, by number or by size', async () => {
    const large = 'x'.repeat(1_800_000)
    for (const others of [Array.from({ length: 256 }, () => 'small'), Array.from({ length: 8 }, () => large)]) {
      seal.read(copy(), linter())
      verified = 0
      seal.read(copy(), linter())
      expect(verified).toBe(0)
      for (const [at, detail] of others.entries()) {
        const other = await signedRecord(identity, { keySeq: at + 2, data: { n: at, detail } })
        seal.read(JSON.parse(other.value!), linter())
      }
      verified = 0
      seal.read(copy(), linter())
      expect(verified).toBe(1)
    }
  })

  it('is refused by a reader whose roster has no such key any more, or another under its name', () => {
    seal.read(copy(), linter())
    expect(() => seal.read(copy(), new Map())).toThrow('HMS_SIGNATURE_UNKNOWN_KEY')
    const [keyid] = linter().keys()
    const [stranger] = identity.roster.serviceKeys('rollout').values()
    expect(() => seal.read(copy(), new Map([[keyid!, stranger!]]))).toThrow('HMS_SIGNATURE_INVALID')
  })

  it('is forgotten after some hundred others, and verified again', async () => {
    seal.read(copy(), linter())
    for (let keySeq = 2; keySeq <= 257; keySeq++) seal.read(JSON.parse((await signedRecord(identity, { keySeq })).value!), linter())
    seal.read(copy(), linter())
    expect(verified).toBe(258)
  })
})
