import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { signWebhook } from './verify-webhook.js'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

describe('signWebhook', () => {
  it('signs the published vector', () => {
    const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: new Date(1_614_265_330_999), body: '{"test": 2432232314}' }
    expect(signWebhook(SECRET, message)).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
  })

  it('creates signatures that the official library accepts', () => {
    const body = Buffer.from('{"é":1}')
    const headers = signWebhook(SECRET, { id: 'msg_1', timestamp: new Date(), body })
    expect(new Webhook(SECRET).verify(body.toString(), { ...headers })).toEqual({ é: 1 })
  })

  it('refuses an id that makes the signed bytes ambiguous, and an invalid secret', () => {
    expect(() => signWebhook(SECRET, { id: 'a.b', timestamp: new Date(), body: '' })).toThrow(TypeError)
    expect(() => signWebhook('whsec_short', { id: 'a', timestamp: new Date(), body: '' })).toThrow('HMS_WEBHOOK_SECRET_INVALID')
  })
})
