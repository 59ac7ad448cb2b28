import { createHash, sign } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { generateKeyPair } from '#libs/signing'
import { Buffer as PageBuffer } from './buffer.js'
import { canVerify, createPublicKey, prove, verify } from './crypto.js'
import { sha256Of } from './sha256.js'

describe('what stands in for Node', () => {
  const bytes = fc.uint8Array({ maxLength: 300 })
  const text = fc.string({ unit: 'binary', maxLength: 100 })

  it('has the digests of Node', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 4 }), (parts) => {
        const theirs = createHash('sha256')
        for (const part of parts) theirs.update(part)
        expect(Buffer.from(sha256Of(parts)).toString('hex')).toBe(theirs.digest('hex'))
      }),
    )
  })

  it('has the texts and bytes of Node', () => {
    fc.assert(
      fc.property(bytes, text, (bytes, text) => {
        for (const encoding of ['utf8', 'base64', 'base64url', 'hex'] as const) {
          expect(PageBuffer.from(bytes).toString(encoding)).toBe(Buffer.from(bytes).toString(encoding))
          const [mine, theirs] = [PageBuffer.from(text, encoding), Buffer.from(text, encoding)]
          // Node ends hex at the first invalid pair (the rules decode only constants from hex), and uses the low byte of non-ASCII
          // characters in base64, which the rules refuse because it does not encode back to itself.
          if (encoding === 'utf8') expect([...mine]).toEqual([...theirs])
        }
        const letters = text.replaceAll(/[^ -~]/g, '')
        for (const encoding of ['base64', 'base64url'] as const)
          expect([...PageBuffer.from(letters, encoding)]).toEqual([...Buffer.from(letters, encoding)])
        expect(PageBuffer.byteLength(text)).toBe(Buffer.byteLength(text))
        expect((PageBuffer.from(bytes).subarray(1) as PageBuffer).toString('hex')).toBe(Buffer.from(bytes).subarray(1).toString('hex'))
      }),
    )
  })

  it('reads and writes the numbers that the log uses', () => {
    const mine = PageBuffer.concat([PageBuffer.alloc(4), PageBuffer.from('00000001000000ff', 'hex')])
    mine.writeUInt32BE(0xdeadbeef)
    expect(mine.toString('hex')).toBe('deadbeef00000001000000ff')
    expect((mine.subarray(4) as typeof mine).readBigUInt64BE()).toBe(0x1_0000_00ffn)
    expect(mine.equals(Buffer.from('deadbeef00000001000000ff', 'hex'))).toBe(true)
    expect(mine.equals(mine.subarray(1))).toBe(false)
  })
})

describe('signatures by WebCrypto', () => {
  const { privateKey, spki } = generateKeyPair()
  const key = createPublicKey({ key: Buffer.from(spki, 'base64') })
  const bytes = Buffer.from('what was signed')
  const sig = sign(null, bytes, privateKey)
  const other = Buffer.from('something else')

  it('are known once they are proven: the true ones true, the false ones false', async () => {
    expect(await canVerify()).toBe(true)
    const short = sig.subarray(1)
    await prove(() => [verify(null, bytes, key, sig), verify(null, other, key, sig), verify(null, bytes, key, short)])
    expect([verify(null, bytes, key, sig), verify(null, other, key, sig), verify(null, bytes, key, short)]).toEqual([true, false, false])
  })

  it('accepts no unproved signature', () => {
    expect(() => verify(null, Buffer.from('never asked about'), key, sig)).toThrow('was not proven')
  })

  it('are requested again when a false one leads to another request', async () => {
    const second = Buffer.from('asked for only when the first is false')
    const runs: boolean[] = []
    const check = (): void => {
      runs.push(verify(null, Buffer.from('first'), key, sig) || verify(null, second, key, sign(null, second, privateKey)))
    }
    await prove(check)
    expect(verify(null, second, key, sign(null, second, privateKey))).toBe(true)
    // Assumed valid in trial runs, which repeat until no new signature is requested.
    expect(runs).toEqual([true, true, true])
  })

  it('are asked for although the check throws on trial', async () => {
    const third = Buffer.from('third')
    await prove(() => {
      verify(null, third, key, sig)
      throw new Error('refused on trial')
    })
    expect(verify(null, third, key, sig)).toBe(false)
  })
})
