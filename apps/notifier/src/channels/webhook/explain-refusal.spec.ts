import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { WebhookHeaders } from './standard-webhooks.js'
import { explainRefusal, type Probe } from './explain-refusal.js'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const KEY = Buffer.from(SECRET.slice(6), 'base64')
const message = {
  id: 'test_1',
  timestamp: new Date('2026-01-01T00:00:00Z'),
  body: Buffer.from('{"type":"partner.test","data":{"list":[1,2]}}'),
}
const BODY = message.body.toString()

/** Creates a receiver that checks `signed` by `key`. */
function receiver(signed: (headers: WebhookHeaders) => string, key: Buffer = KEY): Probe & { calls: number } {
  const probe = Object.assign(
    async (headers: WebhookHeaders): Promise<boolean> => {
      probe.calls++
      return headers['webhook-signature'] === `v1,${createHmac('sha256', key).update(signed(headers)).digest('base64')}`
    },
    { calls: 0 },
  )
  return probe
}
const head = (headers: WebhookHeaders): string => `${headers['webhook-id']}.${headers['webhook-timestamp']}.`
const explain = (probe: Probe, clock?: Date) => explainRefusal(message, SECRET, clock, probe)

describe('explainRefusal', () => {
  it.each<[string, Probe, string, string]>([
    ['uses the whole text as key', receiver((headers) => head(headers) + BODY, Buffer.from(SECRET)), 'secret', 'whole text'],
    ['does not decode the secret', receiver((headers) => head(headers) + BODY, Buffer.from(SECRET.slice(6))), 'secret', 'not decoded'],
    ['has lost the body', receiver(head), 'body', 'empty body'],
    [
      'prints the body again',
      receiver((headers) => `${head(headers)}{"type": "partner.test", "data": {"list": [1, 2]}}`),
      'body',
      'printed again',
    ],
    ['leaves out the id', receiver((headers) => `${headers['webhook-timestamp']}.${BODY}`), 'id', 'webhook-id is left out'],
    ['leaves out the time', receiver((headers) => `${headers['webhook-id']}.${BODY}`), 'time', 'webhook-timestamp is left out'],
    ['signs the body alone', receiver(() => BODY), 'body', 'only the body'],
    [
      'reads milliseconds',
      async (headers) => Number(headers['webhook-timestamp']) > 1e12 && (await receiver((given) => head(given) + BODY)(headers)),
      'time',
      'milliseconds',
    ],
  ])('finds a receiver that %s', async (_, probe, suspect, detail) => {
    expect(await explain(probe)).toMatchObject({ suspect, detail: expect.stringContaining(detail) })
  })

  it('detects a wrong clock without sending anything', async () => {
    const probe = receiver(() => '')
    expect(await explain(probe, new Date('2026-01-01T00:06:00Z'))).toMatchObject({
      suspect: 'time',
      detail: 'the clock of the receiver is 360 s ahead',
    })
    expect(await explain(probe, new Date('2025-12-31T23:54:00Z'))).toMatchObject({
      suspect: 'time',
      detail: 'the clock of the receiver is 360 s behind',
    })
    expect(probe.calls).toBe(0)
    expect(await explain(probe, new Date('2026-01-01T00:04:59Z'))).toMatchObject({ suspect: null })
  })

  it('names what to compare if no mistake fits, and reveals only the beginning of the secret', async () => {
    const explanation = await explain(receiver((headers) => head(headers) + BODY, Buffer.alloc(32, 9)))
    expect(explanation).toEqual({
      suspect: null,
      detail: expect.stringContaining('compare the beginning of the secret'),
      secretPrefix: 'whsec_MfKQ…',
      signed: { id: 'test_1', timestamp: '1767225600', bodySha256: expect.stringMatching(/^[0-9a-f]{64}$/), bytes: message.body.length },
    })
    expect(JSON.stringify(explanation)).not.toContain(SECRET.slice(10, 20))
  })
})
