import { generateKeyPair, localSigner } from '#libs/signing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { verifyWebhook } from '#libs/client'
import { notifierFixture } from '../../notifications/notifier-fixture.suite.js'
import { publicKeyOf } from '../channels.module.js'
import { WebhookKeysController } from './webhook-keys.http.js'
import { webhookPublicKey, withEd25519 } from './standard-webhooks.js'

let harness: Awaited<ReturnType<typeof notifierFixture>>
beforeEach(async () => {
  harness = await notifierFixture()
})
afterEach(() => harness.stop())

describe('the published keys', () => {
  it('verify the messages of notifier', async () => {
    const { signer, roster } = harness.runtime
    const keys = await new WebhookKeysController(harness.runtime.database, harness.runtime.rosters).list()
    expect(keys).toEqual([
      { keyid: signer.keyid, webhook: expect.stringMatching(/^whpk_/), ssh: expect.stringMatching(/^ssh-ed25519 AAAA/) },
    ])
    expect(keys[0]?.webhook).toBe(webhookPublicKey(publicKeyOf(roster, signer)))
    const now = new Date()
    const unsigned = { 'webhook-id': 'msg_1', 'webhook-timestamp': String(Math.floor(now.getTime() / 1000)), 'webhook-signature': '' }
    const headers = await withEd25519(unsigned, Buffer.from('{}'), signer)
    expect(verifyWebhook(keys[0]!.webhook, headers, '{}', { now })).toEqual({})
  })

  it('are not guessed if the roster does not name the signing key', () => {
    const { privateKey } = generateKeyPair()
    expect(() => publicKeyOf(harness.runtime.roster, localSigner(privateKey))).toThrow(/roster does not name/)
  })
})
