import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  demoRoster,
  generateKeyPair,
  localSigner,
  pae,
  readRoster,
  signEnvelope,
  signRequest,
  signRoster,
  spkiToKey,
  STATEMENT_TYPE,
  verifyEnvelope,
  requireSignedBody,
  verifyRequestHead,
} from '#libs/signing'
import { REFUSALS } from './key-refused.js'
import { openKey } from './open-key.js'

const pair = generateKeyPair()
const pem = lockedBy('aes-256-cbc')

/** As Node and OpenSSL write it: PBES2, PBKDF2 with HMAC-SHA256. */
function lockedBy(cipher: string, key = pair.privateKey): string {
  return key.export({ format: 'pem', type: 'pkcs8', cipher, passphrase: 'correct horse – ä' }).toString()
}

/** `openssl pkcs8 -topk8 -scrypt`, passphrase `secret`. */
const SCRYPT = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGTME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAgsAi8FjGeqkgICBAAC
AQgCAQEwHQYJYIZIAWUDBAEqBBDqw0u/gxidqwD3VVY9OgcqBEBqC75Jo1psO7Xe
77VOj2k0hrWIaZSUnQr0FNZmu3dC4DRnUoQ2Xunysu/mGS9O6a5M4yrisOv26ZSV
DxHszHmd
-----END ENCRYPTED PRIVATE KEY-----
`

describe('a key file in the page', () => {
  it.each(['aes-256-cbc', 'aes-128-cbc'])(
    'opens when it is locked with %s, under its own key id, and signs what others verify',
    async (cipher) => {
      const key = await openKey(lockedBy(cipher), 'correct horse – ä')
      expect(key.keyid).toBe(pair.keyid)
      const payload = Buffer.from('{"what":"is signed – ä"}')
      const envelope = await signEnvelope(payload, [key])
      expect(verifyEnvelope(envelope, new Map([[pair.keyid, spkiToKey(pair.spki)]]))).toMatchObject({ keyids: [pair.keyid], invalid: [] })
      // Ed25519 is deterministic: over the same bytes it is the same signature.
      const own = await localSigner(pair.privateKey).sign(pae(STATEMENT_TYPE, payload))
      expect(envelope.signatures[0]!.sig).toBe(Buffer.from(own).toString('base64'))
    },
  )

  it('signs a request as the services take it', async () => {
    const other = generateKeyPair()
    const people = [
      { name: 'EPA Chief', spki: pair.spki },
      { name: 'EPA Counsel', spki: other.spki },
    ]
    const predicate = demoRoster({ people, services: [], operator: { spki: generateKeyPair().spki }, expires: '2036-01-01T00:00:00Z' })
    const roster = readRoster(await signRoster(predicate, [localSigner(pair.privateKey), localSigner(other.privateKey)]))
    const [path, body, at] = ['/v1/rollbacks', '{"policy":"a","version":"1.0.0","reason":"ä"}', new Date('2026-11-26T12:00:00Z')] as const
    const request = { audience: roster.installation, method: 'POST', path, body: Buffer.from(body), at }
    const header = await signRequest(await openKey(pem, 'correct horse – ä'), request)
    const head = verifyRequestHead(header, { method: 'POST', path }, roster)
    expect(head).toMatchObject({ keyid: pair.keyid, predicate: { audience: roster.installation } })
    requireSignedBody(head, Buffer.from(body))
    expect(() => requireSignedBody(head, Buffer.from(`${body} `))).toThrow('another request')
  })

  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  it.each<[string, string, keyof typeof REFUSALS]>([
    ['a wrong passphrase', pem, 'passphrase'],
    ['scrypt', SCRYPT, 'scrypt'],
    ['triple DES', lockedBy('des-ede3-cbc'), 'cipher'],
    ['AES-192, which browsers do not have', lockedBy('aes-192-cbc'), 'cipher'],
    ['no lock', pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), 'plain'],
    ['an OpenSSH file', '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----', 'openssh'],
    ['another file', 'id: epa-pm25-limit', 'notAKey'],
    ['a file that is cut off', pem.replace(/\n.+\n-----END/, '\n-----END'), 'cipher'],
    ['a file that is no key and large', 'x'.repeat(20_000), 'tooLarge'],
    ['more rounds than a page waits for', withRounds('02047fffffff'), 'rounds'],
  ])('explains what to do about %s', async (_what, text, reason) => {
    await expect(openKey(text, 'wrong')).rejects.toThrow(REFUSALS[reason])
  })

  it('names the supported keys when it opens another one', async () => {
    await expect(openKey(lockedBy('aes-256-cbc', rsa), 'correct horse – ä')).rejects.toThrow(REFUSALS.notEd25519)
  })

  it('reports that a page from an insecure origin has no cryptography', async () => {
    const before = Object.getOwnPropertyDescriptor(globalThis, 'crypto')!
    Object.defineProperty(globalThis, 'crypto', { value: {}, configurable: true })
    try {
      await expect(openKey(pem, 'secret')).rejects.toThrow(REFUSALS.insecure)
    } finally {
      Object.defineProperty(globalThis, 'crypto', before)
    }
  })
})

/** The same file that names other rounds: 2,048 is `02020800`. */
function withRounds(integer: string): string {
  const der = Buffer.from(pem.replaceAll(/-----.*-----|\s/g, ''), 'base64').toString('hex')
  const [head, tail] = der.split('02020800') as [string, string]
  const grown = Buffer.from(head + integer + tail, 'hex')
  // The four lengths around it, each one byte as the key is small.
  const more = integer.length / 2 - 4
  const body = grown.toString('hex')
  const lengths = lengthPlaces(grown, head.length / 2)
  const bytes = Buffer.from(body, 'hex')
  for (const place of lengths) bytes[place]! += more
  return `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${bytes.toString('base64')}\n-----END ENCRYPTED PRIVATE KEY-----\n`
}

/** Where the lengths of the sequences stand that hold what is at `at`. */
function lengthPlaces(der: Buffer, at: number): number[] {
  const places: number[] = []
  const enter = (start: number): void => {
    for (let place = start; place < at;) {
      const long = der[place + 1]! > 0x80
      const length = long ? der[place + 2]! : der[place + 1]!
      const content = place + (long ? 3 : 2)
      if (at < content + length && der[place] === 0x30) {
        places.push(long ? place + 2 : place + 1)
        return enter(content)
      }
      place = content + length
    }
  }
  enter(0)
  return places
}
