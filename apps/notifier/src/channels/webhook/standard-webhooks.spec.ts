import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { parseWebhookSecret } from '../../partners/webhook-secret.js'
import { signWebhook } from './standard-webhooks.js'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const OLD_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const VECTOR = {
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestamp: new Date(1_614_265_330_000),
  body: Buffer.from('{"test": 2432232314}'),
  secrets: [SECRET],
}

describe('signWebhook', () => {
  it('computes the published signature', () => {
    expect(signWebhook(VECTOR)).toEqual({
      ok: true,
      headers: {
        'webhook-id': VECTOR.id,
        'webhook-timestamp': '1614265330',
        'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
      },
    })
  })

  it('signs with old and new secret during a rotation, and the official library accepts either', () => {
    const body = Buffer.from(JSON.stringify({ type: 'policy.updated', data: { id: 'ozone' } }))
    const signed = signWebhook({ id: 'msg_1', timestamp: new Date(), body, secrets: [SECRET, OLD_SECRET] })
    if (!signed.ok) throw new Error(signed.detail)
    for (const secret of [SECRET, OLD_SECRET]) {
      expect(new Webhook(secret).verify(body, signed.headers)).toMatchObject({ data: { id: 'ozone' } })
    }
  })

  it.each(['', 'a.b', 'a b', 'a\nb', 'é'])('refuses the id %j', (id) => {
    expect(signWebhook({ ...VECTOR, id }).ok).toBe(false)
  })

  it('refuses without a usable secret', () => {
    expect(signWebhook({ ...VECTOR, secrets: [] }).ok).toBe(false)
    expect(signWebhook({ ...VECTOR, secrets: [SECRET, 'whsec_x'] }).ok).toBe(false)
  })
})

describe('parseWebhookSecret', () => {
  const ofBytes = (length: number): string => `whsec_${Buffer.alloc(length, 1).toString('base64')}`

  it('accepts 24 to 64 bytes and returns them decoded', () => {
    expect(parseWebhookSecret(ofBytes(24))).toEqual({ ok: true, key: Buffer.alloc(24, 1) })
    expect(parseWebhookSecret(ofBytes(64)).ok).toBe(true)
  })

  it.each([ofBytes(23), ofBytes(65), 'whsec_', SECRET.slice(6), `${SECRET} `, `${SECRET}!`, ofBytes(32).replace(/=+$/, ''), 'whsk_x', ''])(
    'refuses %j',
    (text) => expect(parseWebhookSecret(text).ok).toBe(false),
  )
})
