import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { canonicalJson, toHex } from '#libs/contracts'
import {
  digestOf,
  keyIdOf,
  leafHash,
  localSigner,
  pae,
  publicKeyFromRaw,
  readStatement,
  sha256,
  signEnvelope,
  STATEMENT_TYPE,
  verifyEnvelope,
} from './index.js'

/** Ed25519 key from a seed of 32 equal bytes. */
function keyOfSeed(byte: number): KeyObject {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, byte)])
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

const chief = keyOfSeed(3)
const counsel = keyOfSeed(4)
const RAW_CHIEF = 'ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1'
const CHIEF = 'SHA256:zbv/nU7iZdO0fB0DalMI70dP6/yFD8sctXvvW4+OokY'
const COUNSEL = 'SHA256:vxu9sT7+WkqIPG3kOwohja2DmYBjKw903FLEcS+Xb6o'
const PREDICATE_TYPE = 'https://hms-svc.example/attestation/policy-release/v1'
const PAYLOAD = Buffer.from(
  '{"_type":"https://in-toto.io/Statement/v1","predicate":{"author":"air-office","epoch":184,"fallback":' +
    '["0079fd103280b639e0427e92193d75c2348c49d793e0d7e6c89ec8073fefbd25"],"policy":{"effective":"2024-09-01T00:00:00Z",' +
    '"id":"epa-pm25-limit","limit":25,"tags":["health","air","epa"],"units":"ug_per_m3","version":"2.0.0"},"scopes":["global"]},' +
    `"predicateType":"${PREDICATE_TYPE}","subject":[{"digest":{"sha256":` +
    '"a29ca0559634cd6a97f9a23fd61357c1453e70f2beb0a97742dbe601d92d3144"},"name":"policies/pm25.yaml"}]}',
)

describe('vectors checked with cosign, openssl and securesystemslib', () => {
  it('pre-authentication encoding of the DSSE specification', () => {
    const encoded = pae('http://example.com/HelloWorld', Buffer.from('hello world'))
    expect(encoded.toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world')
  })

  it('key ids are OpenSSH fingerprints', () => {
    expect(keyIdOf(chief)).toBe(CHIEF)
    expect(keyIdOf(createPublicKey(counsel))).toBe(COUNSEL)
    expect(keyIdOf(Buffer.from(RAW_CHIEF, 'hex'))).toBe(CHIEF)
    expect(keyIdOf(publicKeyFromRaw(Buffer.from(RAW_CHIEF, 'hex')))).toBe(CHIEF)
  })

  it('payload, its encoding and both signatures have exactly these bytes', async () => {
    expect(digestOf(PAYLOAD)).toBe('sha256:118ee75342f17ba26da02a3ca0a787e6321d6de7ddd981c37ce2d1c42247b1c2')
    expect(toHex(sha256(pae(STATEMENT_TYPE, PAYLOAD)))).toBe('a63c31f7132bda6ec4a1537486fc5122b919336fac0ab4d631aceb0316838155')
    const envelope = await signEnvelope(PAYLOAD, [localSigner(chief), localSigner(counsel)])
    expect(envelope.signatures).toEqual([
      { keyid: CHIEF, sig: 'xUrb5AZkdUhzIzmy5JFWEwmUfVtDGlHnpQ83N88ejM9JbeQ7rNiV4680zm8EYiri574236DMeii+mZPMjQ+MAQ==' },
      { keyid: COUNSEL, sig: 'UKWPOpSj3FjqU8C+5jF+awJh9EUP/130BJZOlc7SKyCNH5DdyJWcCkLSEEqC0xuCEZbCfQHuRxH9VHLxzeREDw==' },
    ])
    const keys = new Map([chief, counsel].map((key) => [keyIdOf(key), createPublicKey(key)]))
    const { payload, keyids } = verifyEnvelope(envelope, keys)
    expect(keyids).toEqual([CHIEF, COUNSEL])
    expect(readStatement<{ epoch: number }>(payload, PREDICATE_TYPE).predicate.epoch).toBe(184)
  })

  it('leaf hashes of RFC 6962', () => {
    expect(toHex(leafHash(Buffer.alloc(0)))).toMatch(/^6e340b9c.*afa01d$/)
    expect(toHex(leafHash(Buffer.from('L123456')))).toBe('395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56')
  })
})

describe('canonical JSON, RFC 8785', () => {
  it('sorts by UTF-16 code units (§3.2.3)', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Dalet',
      '1': 'One',
      '\u{1f600}': 'Smiley',
      '\u0080': 'Control',
      '\u00f6': 'o',
    }
    const names = [...canonicalJson(value).matchAll(/:"([^"]+)"/g)].map((match) => match[1])
    expect(names).toEqual(['Carriage Return', 'One', 'Control', 'o', 'Euro Sign', 'Smiley', 'Dalet'])
  })

  it('writes numbers, literals and strings as ECMAScript does (§3.2.2)', () => {
    const value = {
      numbers: [333333333.3333333, 4.5, 2e-3, 1e-27, -0],
      string: '\u20ac$\u000f\nA\'B"\\\\"/',
      literals: [null, true, false],
    }
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,4.5,0.002,1e-27,0],"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    )
  })
})
