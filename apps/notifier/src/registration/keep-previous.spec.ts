import { describe, expect, it } from 'vitest'
import { liveSecrets, type Channel, type WebhookChannel } from '../partners/channel.js'
import type { Partner } from '../partners/partner.js'
import { sealPartner } from '../secrets/sealed-channels.js'
import { SecretBox } from '../secrets/secret-box.js'
import { secretKey } from '../secrets/secret-keys.js'
import { keepPrevious, OVERLAP_MS } from './keep-previous.js'

const NOW = new Date('2026-01-01T00:00:00Z')
const box = new SecretBox(async () => [secretKey(Buffer.alloc(32, 1))])
const webhook = (secret: string, url = 'https://partner.example/'): WebhookChannel => ({ kind: 'webhook', url, secret })
const usual = { name: 'x', groups: [], deliver: 'all', contact: null, rate: 5, lane: 'latest', networks: [] } as const
const partner = (...channels: Channel[]): Partner => ({ ...usual, groups: [], networks: [], id: 'va-deq', channels })
const after = (ms: number): Date => new Date(NOW.getTime() + ms)

/** Registers one after the other; returns the first channel of the last registration, decrypted. */
async function register(...registrations: [Partner, Date][]): Promise<WebhookChannel> {
  let stored: Partner | undefined
  let clear: Partner | undefined
  for (const [given, at] of registrations) {
    clear = await keepPrevious(box, given, stored, at)
    stored = await sealPartner(box, clear)
    // The secrets have a space, which sealed text never has.
    expect(JSON.stringify(stored)).not.toMatch(/the old|the new/)
  }
  return clear!.channels[0] as WebhookChannel
}

describe('a webhook secret that is replaced', () => {
  it('also signs for a day', async () => {
    const channel = await register([partner(webhook('the old')), NOW], [partner(webhook('the new')), NOW])
    expect([liveSecrets(channel, after(OVERLAP_MS - 1)), liveSecrets(channel, after(OVERLAP_MS))]).toEqual([
      ['the new', 'the old'],
      ['the new'],
    ])
  })

  it('still signs if the same registration is repeated, but no longer than that day', async () => {
    const both: [Partner, Date][] = [
      [partner(webhook('the old')), NOW],
      [partner(webhook('the new')), NOW],
    ]
    expect(liveSecrets(await register(...both, [partner(webhook('the new')), after(1)]), after(2))).toEqual(['the new', 'the old'])
    expect(await register(...both, [partner(webhook('the new')), after(OVERLAP_MS)])).toEqual(webhook('the new'))
  })

  it('is not kept for another address', async () => {
    const elsewhere = partner(webhook('the new', 'https://other.example/'))
    expect(await register([partner(webhook('the old')), NOW], [elsewhere, NOW])).toEqual(elsewhere.channels[0])
  })

  it('is dropped if no key opens it, so that registering again recovers from a lost key', async () => {
    const strange = new SecretBox(async () => [secretKey(Buffer.alloc(32, 2))])
    const stored = await sealPartner(strange, partner(webhook('the old')))
    expect(await keepPrevious(box, partner(webhook('the new')), stored, NOW)).toEqual(partner(webhook('the new')))
  })
})
