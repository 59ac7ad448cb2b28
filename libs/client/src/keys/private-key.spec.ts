import { execFileSync, spawnSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { generateKeyPair, keyIdOf } from '#libs/signing'
import { decryptPrivateKey, encryptPrivateKey, PBKDF2_ROUNDS, readPlainKey } from './private-key.js'

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
const rounds = 1000
const { privateKey, keyid, spki } = generateKeyPair()
const code = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    return (error as { code?: string }).code
  }
  return undefined
}

describe('an encrypted private key', () => {
  it('can be opened by Node with its passphrase, at the full number of rounds', async () => {
    const pem = await encryptPrivateKey(privateKey, 'correct horse – ä')
    expect(keyIdOf(decryptPrivateKey(pem, 'correct horse – ä'))).toBe(keyid)
    expect(keyIdOf(createPrivateKey({ key: pem, passphrase: 'correct horse – ä' }))).toBe(keyid)
  })

  it.runIf(hasOpenssl)('can be opened by openssl, which reads rounds, hash and cipher from it', async () => {
    const pem = await encryptPrivateKey(privateKey, 'secret')
    const publicPem = execFileSync('openssl', ['pkey', '-passin', 'pass:secret', '-pubout'], { input: pem })
    expect(createPublicKey(publicPem).export({ format: 'der', type: 'spki' }).toString('base64')).toBe(spki)
    const parsed = execFileSync('openssl', ['asn1parse'], { input: pem }).toString()
    for (const part of ['PBES2', 'PBKDF2', 'hmacWithSHA256', 'aes-256-cbc', PBKDF2_ROUNDS.toString(16).toUpperCase()]) {
      expect(parsed).toContain(part)
    }
  })

  it.runIf(hasOpenssl)('may be created by openssl', () => {
    const plain = privateKey.export({ format: 'pem', type: 'pkcs8' })
    const pem = execFileSync('openssl', ['pkcs8', '-topk8', '-iter', '1000', '-passout', 'pass:secret'], { input: plain }).toString()
    expect(keyIdOf(decryptPrivateKey(pem, 'secret'))).toBe(keyid)
  })

  it.each([1, 127, 128, 255, 256, 32_768, 65_535])('encodes %i rounds as a positive number', async (count) => {
    expect(keyIdOf(decryptPrivateKey(await encryptPrivateKey(privateKey, 'secret', { rounds: count }), 'secret'))).toBe(keyid)
  })

  it('is refused with a wrong passphrase, even if the padding is valid by chance', async () => {
    const pem = await encryptPrivateKey(privateKey, 'secret', { rounds: 1 })
    // One wrong passphrase in 256 yields valid padding and a different underlying error.
    for (let i = 0; i < 1500; i++) expect(code(() => decryptPrivateKey(pem, `wrong ${i}`))).toBe('HMS_KEY_PASSPHRASE')
    expect(code(() => decryptPrivateKey(pem, ''))).toBe('HMS_KEY_PASSPHRASE')
  })

  it('is not created with a passphrase that could not open it again', async () => {
    const longest = 'x'.repeat(1000)
    expect(keyIdOf(decryptPrivateKey(await encryptPrivateKey(privateKey, longest, { rounds }), longest))).toBe(keyid)
    await expect(encryptPrivateKey(privateKey, `${longest}x`, { rounds })).rejects.toMatchObject({ code: 'HMS_KEY_PASSPHRASE' })
    await expect(encryptPrivateKey(privateKey, '', { rounds })).rejects.toMatchObject({ code: 'HMS_KEY_PASSPHRASE' })
  })

  it('is reported as unreadable if it is a file of another kind', async () => {
    const pem = await encryptPrivateKey(privateKey, 'secret', { rounds })
    const plain = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
    const short = pem.replace(/\n[^\n]+\n-----END/, '\n-----END')
    for (const text of ['', 'x', plain, short, pem.replace(/MI\w+/, 'AAAA')]) {
      expect(code(() => decryptPrivateKey(text, 'secret'))).toBe('HMS_KEY_UNREADABLE')
    }
    const rsa = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    expect(code(() => readPlainKey(rsa.export({ format: 'pem', type: 'pkcs8' }).toString()))).toBe('HMS_KEY_UNREADABLE')
    expect(code(() => readPlainKey(pem))).toBe('HMS_KEY_UNREADABLE')
    const foreign = await encryptPrivateKey(rsa, 'secret', { rounds })
    expect(code(() => decryptPrivateKey(foreign, 'secret'))).toBe('HMS_KEY_UNREADABLE')
    expect(keyIdOf(readPlainKey(plain))).toBe(keyid)
  })
})
