import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addSignature,
  checkSignatures,
  generateKeyPair,
  localSigner,
  signEnvelope,
  STATEMENT_TYPE,
  verifyEnvelope,
  type Envelope,
} from './index.js'

const alice = generateKeyPair()
const bob = generateKeyPair()
const mallory = generateKeyPair()
const keys = new Map([alice, bob].map(({ keyid, publicKey }) => [keyid, publicKey]))
const signer = localSigner(alice.privateKey)
const payload = Buffer.from('{"a":1}')

const urlSafe = (text: string) => text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
const code = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    return (error as { code?: string }).code
  }
  return undefined
}

/** Returns the envelope with one bit of the decoded member flipped. */
function flip(envelope: Envelope, member: 'payload' | 'sig', bit: number): Envelope {
  const [signature] = envelope.signatures
  const bytes = Buffer.from(member === 'payload' ? envelope.payload : (signature?.sig ?? ''), 'base64')
  const at = Math.floor(bit / 8) % bytes.length
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (bit % 8)), at)
  const text = bytes.toString('base64')
  return member === 'payload' ? { ...envelope, payload: text } : { ...envelope, signatures: [{ keyid: alice.keyid, sig: text }] }
}

describe('an envelope', () => {
  it('returns any signed bytes unchanged', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        const verified = verifyEnvelope(await signEnvelope(bytes, [signer]), keys)
        expect(verified.payload).toEqual(Buffer.from(bytes))
        expect(verified.keyids).toEqual([alice.keyid])
      }),
      { numRuns: 50 },
    )
  })

  it('is rejected with any flipped bit of payload or signature', async () => {
    const envelope = await signEnvelope(payload, [signer])
    for (let bit = 0; bit < payload.length * 8; bit++) {
      expect(code(() => verifyEnvelope(flip(envelope, 'payload', bit), keys))).toBe('HMS_SIGNATURE_INVALID')
    }
    for (let bit = 0; bit < 64 * 8; bit++) {
      expect(code(() => verifyEnvelope(flip(envelope, 'sig', bit), keys))).toBe('HMS_SIGNATURE_INVALID')
    }
  })

  it('has one text per signature: spare bits of base64 and unknown characters are rejected', async () => {
    const envelope = await signEnvelope(payload, [signer])
    const sig = envelope.signatures[0]?.sig ?? ''
    const last = sig.charAt(85)
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
    const malleable = alphabet.charAt(alphabet.indexOf(last) ^ 1)
    for (const text of [`${sig.slice(0, 85)}${malleable}==`, `${sig}\n`, `${sig}=`, ` ${sig}`]) {
      const forged = { ...envelope, signatures: [{ keyid: alice.keyid, sig: text }] }
      expect(code(() => verifyEnvelope(forged, keys))).toBe('HMS_SIGNATURE_MALFORMED')
    }
  })

  it('may be written in URL-safe base64, without padding, with unknown members', async () => {
    const envelope = await signEnvelope(Buffer.from('{"a":"\u00ff\u00fe?>"}'), [signer])
    const signatures = envelope.signatures.map(({ keyid, sig }) => ({ keyid, sig: urlSafe(sig), extra: 1 }))
    expect(verifyEnvelope({ ...envelope, payload: urlSafe(envelope.payload), signatures, extra: 1 }, keys).keyids).toEqual([alice.keyid])
  })

  it("uses the key id as a hint: if it is empty or missing, all keys are tried; with another key's id it does not verify", async () => {
    const envelope = await signEnvelope(payload, [localSigner(bob.privateKey)])
    const sig = envelope.signatures[0]?.sig
    expect(verifyEnvelope({ ...envelope, signatures: [{ keyid: '', sig }, { sig }] }, keys).keyids).toEqual([bob.keyid])
    expect(code(() => verifyEnvelope({ ...envelope, signatures: [{ keyid: alice.keyid, sig }] }, keys))).toBe('HMS_SIGNATURE_INVALID')
  })

  it('costs a bounded number of verifications: signatures without key id are tried with all keys up to a limit', async () => {
    const strangers = Array.from({ length: 40 }, () => generateKeyPair())
    const many = new Map([...strangers, bob].map(({ keyid, publicKey }) => [keyid, publicKey]))
    const [named] = (await signEnvelope(payload, [localSigner(bob.privateKey)])).signatures
    const envelopeOf = (...signatures: object[]) => ({ payload: payload.toString('base64'), payloadType: STATEMENT_TYPE, signatures })
    const nameless = (byte: number, length = 64) => ({ keyid: '', sig: Buffer.alloc(length, byte).toString('base64') })
    expect(checkSignatures(envelopeOf(nameless(1, 63), named!), many).keyids).toEqual([bob.keyid])
    expect(checkSignatures(envelopeOf(named!, ...Array.from({ length: 15 }, (_, byte) => nameless(byte))), many).keyids).toEqual([
      bob.keyid,
    ])
    expect(checkSignatures(envelopeOf({ ...named!, keyid: '' }), many).keyids).toEqual([])
    expect(checkSignatures(envelopeOf({ ...named!, keyid: '' }), keys).keyids).toEqual([bob.keyid])
  })

  it('counts a key once, and returns the key ids of signatures that do not count', async () => {
    const envelope = await signEnvelope(payload, [signer, localSigner(mallory.privateKey), localSigner(bob.privateKey)])
    const [first] = envelope.signatures
    const doubled = { ...envelope, signatures: [...envelope.signatures, first] }
    expect(checkSignatures(doubled, keys)).toMatchObject({ keyids: [alice.keyid, bob.keyid], invalid: [mallory.keyid] })
  })

  it('is rejected without a permitted signer', async () => {
    const stranger = await signEnvelope(payload, [localSigner(mallory.privateKey)])
    expect(code(() => verifyEnvelope(stranger, keys))).toBe('HMS_SIGNATURE_UNKNOWN_KEY')
    expect(code(() => verifyEnvelope({ ...stranger, signatures: [] }, keys))).toBe('HMS_SIGNATURE_UNKNOWN_KEY')
  })

  it('replaces a signature under the same key id', async () => {
    const once = await signEnvelope(payload, [signer])
    const forged = { ...once, signatures: [{ keyid: alice.keyid, sig: Buffer.alloc(64).toString('base64') }] }
    expect(await addSignature(forged, signer)).toEqual(once)
    expect(await addSignature(once, signer)).toEqual(once)
  })

  it('has a size limit and one payload type', async () => {
    const envelope = await signEnvelope(payload, [signer])
    const many = Array.from({ length: 17 }, () => envelope.signatures[0])
    expect(code(() => verifyEnvelope({ ...envelope, signatures: many }, keys))).toBe('HMS_SIGNATURE_TOO_MANY')
    const large = Buffer.alloc(1024 * 1024 + 3).toString('base64')
    expect(code(() => verifyEnvelope({ ...envelope, payload: large }, keys))).toBe('HMS_SIGNATURE_MALFORMED')
    expect(code(() => verifyEnvelope({ ...envelope, payloadType: 'text/plain' }, keys))).toBe('HMS_STATEMENT_TYPE')
    for (const wrong of [null, [], 'x', {}, { ...envelope, signatures: [null] }, { ...envelope, signatures: [{ keyid: 1, sig: '' }] }]) {
      expect(code(() => verifyEnvelope(wrong, keys))).toBe('HMS_SIGNATURE_MALFORMED')
    }
  })
})
