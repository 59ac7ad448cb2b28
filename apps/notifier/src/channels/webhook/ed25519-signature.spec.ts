import { createPrivateKey, createPublicKey } from 'node:crypto'
import { localSigner, rawPublicKey } from '#libs/signing'
import { describe, expect, it } from 'vitest'
import { webhookPublicKey, withEd25519 } from './standard-webhooks.js'

/** PKCS#8 form (RFC 8410) of the key whose seed is 32 bytes 0x01. */
const KEY = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 1)]),
  format: 'der',
  type: 'pkcs8',
})
const HEADERS = { 'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek', 'webhook-timestamp': '1614265330', 'webhook-signature': 'v1,AAAA' }

describe('scheme v1a', () => {
  it('appends the known signature after the v1 signature', async () => {
    const signed = await withEd25519(HEADERS, Buffer.from('{"test": 2432232314}'), localSigner(KEY))
    expect(signed).toEqual({
      ...HEADERS,
      'webhook-signature': 'v1,AAAA v1a,Ykcu7AtGZGmZxFEH1Gaa2Nd7feY/CTuruoL4fqgnKwfbHU4DhemoVHZdvGfIvKvn4BIgwktLGGPGIr/i9nK7AA==',
    })
  })

  it('formats its public key as receivers expect', () => {
    expect(webhookPublicKey(rawPublicKey(createPublicKey(KEY)))).toBe('whpk_iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=')
  })
})
