import { HmsError } from '#libs/contracts'
import { describe, expect, it } from 'vitest'
import type { ChannelSenders } from '../channels/channel-sender.js'
import { UndiciWebhookSender } from '../channels/webhook/send-webhook.js'
import { checkPartner } from './check-partner.js'
import { channelOf, summaryOf } from '../partners/partner.table.js'
import type { PartnerRegistrationDto } from '../partners/partners.dto.js'

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const PRODUCTION = { profile: 'production', networks: [] } as const
const BODY = { id: 'va-deq', name: 'Virginia DEQ', channels: [{ webhook: { url: 'https://partner.example/hooks', secret: SECRET } }] }

const SENDERS: ChannelSenders = { webhook: new UndiciWebhookSender({ deployment: PRODUCTION }) }

function refusalOf(body: PartnerRegistrationDto): HmsError {
  try {
    checkPartner(body, PRODUCTION, SENDERS)
  } catch (error) {
    if (error instanceof HmsError) return error
  }
  throw new Error('it was taken')
}

describe('checkPartner', () => {
  it('accepts a partner, whose summary names the channels and contains no secret', () => {
    const channels = [...BODY.channels, ...BODY.channels]
    const partner = { ...checkPartner({ ...BODY, channels }, PRODUCTION, SENDERS), addedAt: '2026-01-01T00:00:00.000Z' }
    expect(summaryOf(partner)).toMatchObject({ id: 'va-deq', channels: ['webhook', 'webhook-2'], lane: 'latest' })
    expect(JSON.stringify(summaryOf(partner))).not.toContain('whsec_')
    expect(channelOf(partner, 'webhook-2')).toBe(partner.channels[1])
    expect(channelOf(partner, 'webhook-3')).toBeUndefined()
  })

  it('points at an invalid member (422), and has a separate code for an unsupported channel', () => {
    expect(refusalOf({ ...BODY, id: 'VA' })).toMatchObject({ code: 'HMS_PARTNER_INVALID', status: 422, errors: [{ pointer: '/id' }] })
    const email = { ...BODY, channels: [{ email: { to: 'a@b.example' } }] }
    const errors = [{ pointer: '/channels/0/email' }]
    expect(refusalOf(email)).toMatchObject({ code: 'HMS_PARTNER_CHANNEL_UNSUPPORTED', status: 422, errors })
  })

  it('reports why a sender refuses a channel', () => {
    const body = { ...BODY, channels: [{ email: { to: 'a@b.example' } }] }
    const email = { send: async () => ({ kind: 'retry' as const, latencyMs: 0 }), close: async () => {} }
    const senders = { email: { ...email, refusal: () => ({ code: 'HMS_PARTNER_MAIL_OFF', detail: 'no relay' }) } }
    expect(() => checkPartner(body, PRODUCTION, senders)).toThrow(expect.objectContaining({ code: 'HMS_PARTNER_MAIL_OFF' }))
    expect(checkPartner(body, PRODUCTION, { email })).toMatchObject({ channels: [{ kind: 'email', to: 'a@b.example' }] })
  })

  it('refuses a forbidden address (400)', () => {
    const local = { ...BODY, channels: [...BODY.channels, { webhook: { url: 'https://127.0.0.1/', secret: SECRET } }] }
    const errors = [{ pointer: '/channels/1/webhook/url' }]
    expect(refusalOf(local)).toMatchObject({ code: 'HMS_PARTNER_ADDRESS_REFUSED', status: 400, errors })
  })
})
