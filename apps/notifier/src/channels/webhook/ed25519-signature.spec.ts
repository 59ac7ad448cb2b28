import { createPrivateKey, createPublicKey } from 'node:crypto'
import { localSigner, rawPublicKey } from '#libs/signing'
import { describe, expect, it } from 'vitest'
import { webhookPublicKey, withEd25519 } from './standard-webhooks.js'

/** RFC 8410: PKCS#8 of the seed of 32 bytes 01. */
const KEY = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 1)]),
  format: 'der',
  type: 'pkcs8',
})
const HEADERS = { 'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek', 'webhook-timestamp': '1614265330', 'webhook-signature': 'v1,AAAA' }

describe('scheme v1a', () => {
  it('gives the known signature behind that of v1', async () => {
    const signed = await withEd25519(HEADERS, Buffer.from('{"test": 2432232314}'), localSigner(KEY))
    expect(signed).toEqual({
      ...HEADERS,
      'webhook-signature': 'v1,AAAA v1a,Ykcu7AtGZGmZxFEH1Gaa2Nd7feY/CTuruoL4fqgnKwfbHU4DhemoVHZdvGfIvKvn4BIgwktLGGPGIr/i9nK7AA==',
    })
  })

  it('names its key as receivers do', () => {
    expect(webhookPublicKey(rawPublicKey(createPublicKey(KEY)))).toBe('whpk_iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=')
  })
})
