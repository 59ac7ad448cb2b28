import type { DeliveryDetail, DeliveryView } from '#libs/contracts'
import { describe, expect, it } from 'vitest'
import { AWAY, DENIED, MISSING, shown } from '../testing/shown.js'
import { deliveryPage } from './delivery-page.js'
import { partnersPage } from './partners-page.js'

const LIST = '/v1/deliveries?limit=51'
const PARTNER = { id: 'va-deq', name: '<b>Virginia</b>', groups: [], channels: ['webhook'], lane: 'latest' }

function delivery(more: Partial<DeliveryView> = {}): DeliveryView {
  return {
    id: 'run-184-1.epa-pm25-limit.va-deq.webhook',
    messageId: 'run_184_epa-pm25-limit_va-deq',
    partner: 'va-deq',
    run: 184,
    policy: 'epa-pm25-limit',
    version: '2.0.0',
    bundle: ['epa-pm25-limit@2.0.0'],
    channel: 'webhook',
    state: 'delivered',
    attempts: 1,
    lastStatus: 204,
    lastDetail: null,
    nextAttemptAt: null,
    deliveredAt: '2026-11-26T11:00:00Z',
    acknowledgedAt: null,
    acknowledgedBy: null,
    createdAt: '2026-11-26T11:00:00Z',
    ...more,
  }
}

describe('the page of partners', () => {
  it('shows registered partners, and sent, delivered and acknowledged messages separately', async () => {
    const heard = delivery({ id: 'b', acknowledgedAt: '2026-11-26T11:05:00Z', acknowledgedBy: 'callback' })
    const { html, text } = await shown(partnersPage, { answers: { '/v1/partners': [PARTNER], [LIST]: [delivery(), heard] } })
    expect(html).not.toContain('<b>')
    expect(text).toContain('✓ Delivered epa-pm25-limit@2.0.0 Run 184 1 h ago not yet')
    expect(text).toContain('55 min ago by callback')
    expect(html).toContain('href="/deliveries/run-184-1.epa-pm25-limit.va-deq.webhook"')
    expect(text).toContain('hms-svc partners redrive --failed')
  })

  it('shows whether a pending delivery waits for its turn or for its next try', async () => {
    const failed = { state: 'pending' as const, attempts: 2, nextAttemptAt: '2026-11-26T13:00:00Z', deliveredAt: null }
    const page = async (more: Partial<DeliveryView>) =>
      (
        await shown(deliveryPage, {
          answers: { '/v1/deliveries/d': { ...delivery(more), digest: 'sha256:1', tries: [], redrives: [], supersedes: [] } },
          params: { id: 'd' },
        })
      ).text
    expect(await page(failed)).toContain('It waits for its next try; 2 tries so far.')
    expect(await page({ ...failed, attempts: 0, nextAttemptAt: null })).toContain('It waits for its turn; 0 tries so far.')
  })

  it('passes filters on, ignores what means nothing, and leads to older ones with the same filters', async () => {
    const many = Array.from({ length: 51 }, (_, at) => delivery({ id: `d${at}`, state: 'dead' }))
    const asked = '/v1/deliveries?partner=va-deq&state=dead&limit=51'
    const { html, paths } = await shown(partnersPage, { answers: { [asked]: many }, query: 'partner=va-deq&state=dead&policy=%20' })
    expect(paths).toContain(asked)
    expect(html).toContain('href="/partners?partner=va-deq&amp;state=dead&amp;before=d49"')
    expect((await shown(partnersPage, { answers: {}, query: 'state=lost' })).paths).toContain(LIST)
  })

  it('has distinct texts for empty, filtered away, denied and not loaded', async () => {
    const texts = await Promise.all([
      shown(partnersPage, { answers: { '/v1/partners': [], [LIST]: [] } }),
      shown(partnersPage, { answers: { '/v1/partners': [], '/v1/deliveries?state=dead&limit=51': [] }, query: 'state=dead' }),
      shown(partnersPage, { answers: { '/v1/partners': [], [LIST]: DENIED } }),
      shown(partnersPage, { answers: { '/v1/partners': [], [LIST]: AWAY } }),
    ])
    const wanted = [
      'Nothing was sent yet.',
      'No deliveries match these filters.',
      'Not allowed to see the deliveries',
      'deliveries could not be loaded',
    ]
    for (const [index, { text }] of texts.entries()) expect(wanted.filter((words) => text.includes(words))).toEqual([wanted[index]])
  })
})

describe('the page of a delivery', () => {
  const detail: DeliveryDetail = {
    ...delivery({ state: 'dead', attempts: 15 }),
    digest: 'sha256:0011',
    supersedes: ['epa-pm25-limit@1.5.0'],
    body: '{}',
    tries: [
      {
        at: '2026-11-26T11:00:00Z',
        status: 500,
        latencyMs: 12,
        detail: 'answered 500',
        reply: '<script>alert(1)</script>',
        address: '192.0.2.7',
        tlsFingerprint: 'AA:BB',
        keyId: 'sha256:0123',
      },
    ],
    redrives: [{ at: '2026-11-26T11:30:00Z', by: 'operator', reason: 'their gateway is back' }],
  }
  const params = { id: detail.id }
  const path = `/v1/deliveries/${detail.id}`

  it('shows the evidence of each attempt, who redrove it, and the command for that', async () => {
    const { html, text } = await shown(deliveryPage, { answers: { [path]: detail }, params })
    for (const words of ['500 answered 500', '12 ms', '192.0.2.7', 'AA:BB', 'sha256:0123', 'operator: “their gateway is back”'])
      expect(text).toContain(words)
    expect(text).toContain(`hms-svc partners redrive ${detail.id} --reason TEXT`)
    expect(html).not.toContain('<script>alert')
  })

  it('is 404 for one that is not', async () => {
    expect((await shown(deliveryPage, { answers: { [path]: MISSING }, params })).status).toBe(404)
  })
})
