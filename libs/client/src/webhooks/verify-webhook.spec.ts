import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { verifyWebhook, type WebhookErrorCode, WebhookVerificationError } from './verify-webhook.js'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const OTHER = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const BODY = '{"test": 2432232314}'
/** Ed25519 key whose seed is 32 bytes of value 01. */
const PUBLIC_KEY = 'whpk_iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w='
const SIGNED_V1A = 'v1a,Ykcu7AtGZGmZxFEH1Gaa2Nd7feY/CTuruoL4fqgnKwfbHU4DhemoVHZdvGfIvKvn4BIgwktLGGPGIr/i9nK7AA=='
const now = new Date(1_614_265_330_000)
const HEADERS = {
  'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  'webhook-timestamp': '1614265330',
  'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
}

function codeOf(verify: () => unknown): WebhookErrorCode | undefined {
  try {
    verify()
    return undefined
  } catch (error) {
    if (error instanceof WebhookVerificationError) return error.code
    throw error
  }
}

describe('verifyWebhook', () => {
  it('accepts the published vector as text and as bytes', () => {
    expect(verifyWebhook(SECRET, HEADERS, BODY, { now })).toEqual({ test: 2432232314 })
    expect(verifyWebhook(SECRET, HEADERS, new TextEncoder().encode(BODY), { now })).toEqual({ test: 2432232314 })
  })

  it('accepts signatures of the official library', () => {
    const timestamp = new Date()
    const signature = new Webhook(OTHER).sign('msg_2', timestamp, '{"é":1}')
    const seconds = String(Math.floor(timestamp.getTime() / 1000))
    const headers = { 'webhook-id': 'msg_2', 'webhook-timestamp': seconds, 'webhook-signature': signature }
    expect(verifyWebhook(OTHER, headers, '{"é":1}')).toEqual({ é: 1 })
  })

  it('reads headers in any case and from any supported object', () => {
    const upper = Object.fromEntries(Object.entries(HEADERS).map(([name, value]) => [name.toUpperCase(), [value]]))
    expect(verifyWebhook(SECRET, upper, BODY, { now })).toBeDefined()
    expect(verifyWebhook(SECRET, new Headers(HEADERS), BODY, { now })).toBeDefined()
  })

  it('accepts one valid signature among others, and one matching secret among others', () => {
    const signature = `v1a,AAAA v1,AAAA ${HEADERS['webhook-signature']}`
    expect(verifyWebhook([OTHER, SECRET], { ...HEADERS, 'webhook-signature': signature }, BODY, { now })).toBeDefined()
  })

  it('accepts a signature of the sender’s key pair, alone or beside a symmetric one', () => {
    const signedBoth = `${HEADERS['webhook-signature']} ${SIGNED_V1A}`
    for (const signature of [SIGNED_V1A, signedBoth, `v1a,AAAA ${SIGNED_V1A}`]) {
      const headers = { ...HEADERS, 'webhook-signature': signature }
      expect(verifyWebhook(PUBLIC_KEY, headers, BODY, { now })).toEqual({ test: 2432232314 })
      expect(verifyWebhook([OTHER, PUBLIC_KEY], headers, new TextEncoder().encode(BODY), { now })).toBeDefined()
    }
    expect(verifyWebhook(SECRET, { ...HEADERS, 'webhook-signature': signedBoth }, BODY, { now })).toBeDefined()
  })

  it('tolerates five minutes of clock difference, or the given time', () => {
    const at = (ms: number, toleranceMs?: number) =>
      codeOf(() => verifyWebhook(SECRET, HEADERS, BODY, { now: new Date(now.getTime() + ms), toleranceMs }))
    expect(at(300_000)).toBeUndefined()
    expect(at(-300_000)).toBeUndefined()
    expect(at(300_001)).toBe('HMS_WEBHOOK_TIMESTAMP_TOO_OLD')
    expect(at(-300_001)).toBe('HMS_WEBHOOK_TIMESTAMP_TOO_NEW')
    expect(at(1001, 1000)).toBe('HMS_WEBHOOK_TIMESTAMP_TOO_OLD')
    for (const [ms, toleranceMs] of [[0, Number.NaN], [Number.NaN]] as const)
      expect(at(ms, toleranceMs)).toBe('HMS_WEBHOOK_TIMESTAMP_TOO_OLD')
  })

  it.each<[WebhookErrorCode, string | string[], Record<string, string | string[] | undefined>, string]>([
    ['HMS_WEBHOOK_SIGNATURE_INVALID', OTHER, {}, BODY],
    ['HMS_WEBHOOK_SIGNATURE_INVALID', [], {}, BODY],
    ['HMS_WEBHOOK_SIGNATURE_INVALID', SECRET, {}, `${BODY} `],
    ['HMS_WEBHOOK_SIGNATURE_INVALID', SECRET, { 'webhook-id': 'msg_3' }, BODY],
    ['HMS_WEBHOOK_SIGNATURE_INVALID', SECRET, { 'webhook-timestamp': '1614265331' }, BODY],
    ['HMS_WEBHOOK_SIGNATURE_INVALID', SECRET, { 'webhook-signature': 'v1,' }, BODY],
    ['HMS_WEBHOOK_SIGNATURE_INVALID', SECRET, { 'webhook-signature': HEADERS['webhook-signature'].replace('v1', 'v1a') }, BODY],
    ['HMS_WEBHOOK_SIGNATURE_INVALID', PUBLIC_KEY, {}, BODY],
    ['HMS_WEBHOOK_SIGNATURE_INVALID', PUBLIC_KEY, { 'webhook-signature': SIGNED_V1A }, `${BODY} `],
    ['HMS_WEBHOOK_SIGNATURE_INVALID', PUBLIC_KEY, { 'webhook-signature': SIGNED_V1A, 'webhook-id': 'msg_3' }, BODY],
    ['HMS_WEBHOOK_SIGNATURE_INVALID', SECRET, { 'webhook-signature': SIGNED_V1A }, BODY],
    ['HMS_WEBHOOK_SIGNATURE_INVALID', PUBLIC_KEY, { 'webhook-signature': SIGNED_V1A.replace('v1a', 'v1') }, BODY],
    ['HMS_WEBHOOK_SECRET_INVALID', PUBLIC_KEY.slice(0, -4), {}, BODY],
    ['HMS_WEBHOOK_HEADER_MISSING', SECRET, { 'webhook-signature': undefined }, BODY],
    ['HMS_WEBHOOK_HEADER_MISSING', SECRET, { 'webhook-id': ['a', 'b'] }, BODY],
    ['HMS_WEBHOOK_TIMESTAMP_INVALID', SECRET, { 'webhook-timestamp': '1614265330.5' }, BODY],
    ['HMS_WEBHOOK_TIMESTAMP_INVALID', SECRET, { 'webhook-timestamp': 'NaN' }, BODY],
    ['HMS_WEBHOOK_SECRET_INVALID', 'whsec_short', {}, BODY],
    ['HMS_WEBHOOK_SECRET_INVALID', SECRET.slice(6), {}, BODY],
  ])('%# throws %s', (code, secret, headers, body) => {
    expect(codeOf(() => verifyWebhook(secret, { ...HEADERS, ...headers }, body, { now }))).toBe(code)
  })

  it.each([[{ test: 2432232314 }], [[123]], [undefined]])('names the body as received, given %j', (body) => {
    expect(codeOf(() => verifyWebhook(SECRET, HEADERS, body as never, { now }))).toBe('HMS_WEBHOOK_SIGNATURE_INVALID')
  })

  it.each([[undefined], [[undefined]], ['']])('names the secret, given %j', (secret) => {
    expect(codeOf(() => verifyWebhook(secret as never, HEADERS, BODY, { now }))).toBe('HMS_WEBHOOK_SECRET_INVALID')
  })

  it('throws HMS_WEBHOOK_BODY_INVALID for signed bytes that are not JSON', () => {
    const signature = new Webhook(SECRET).sign('msg_4', now, 'plain')
    const headers = { ...HEADERS, 'webhook-id': 'msg_4', 'webhook-signature': signature }
    expect(codeOf(() => verifyWebhook(SECRET, headers, 'plain', { now }))).toBe('HMS_WEBHOOK_BODY_INVALID')
  })
})
