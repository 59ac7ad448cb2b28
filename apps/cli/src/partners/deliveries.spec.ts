import type { DeliveryDetail, DeliveryView } from '#libs/contracts'
import { afterEach, describe, expect, it } from 'vitest'
import { serveCanned, type Canned, type CannedService } from '../testing/canned-service.js'
import { runForTest, type CliRun } from '../testing/run-cli.js'

const DELIVERY: DeliveryView = {
  id: 'run-184-1.epa-pm25-limit.va-deq.webhook',
  messageId: 'run_184_epa-pm25-limit_va-deq',
  partner: 'va-deq',
  run: 184,
  policy: 'epa-pm25-limit',
  version: '2.0.0',
  bundle: ['epa-pm25-limit@2.0.0'],
  channel: 'webhook',
  state: 'dead',
  attempts: 15,
  lastStatus: 500,
  lastDetail: 'answered 500',
  nextAttemptAt: null,
  deliveredAt: null,
  acknowledgedAt: null,
  acknowledgedBy: null,
  createdAt: '2026-01-01T00:00:00.000Z',
}
const DETAIL: DeliveryDetail = {
  ...DELIVERY,
  acknowledgedAt: '2026-01-02T00:00:00.000Z',
  acknowledgedBy: 'callback',
  digest: 'sha256:00',
  supersedes: [],
  body: '{}',
  tries: [
    {
      at: '2026-01-01T00:00:00.000Z',
      status: 500,
      latencyMs: 12,
      detail: 'answered 500',
      reply: 'sorry\u001b[2J',
      address: '192.0.2.7',
      tlsFingerprint: 'AA:BB',
      keyId: 'sha256:0123',
    },
  ],
  redrives: [{ at: '2026-01-03T00:00:00.000Z', by: 'operator', reason: 'their gateway is back' }],
}
const ONE = `/v1/deliveries/${DELIVERY.id}`

let service: CannedService
afterEach(() => service.close())

async function run(argv: string[], responses: Record<string, Canned>): Promise<CliRun> {
  service = await serveCanned(responses)
  return runForTest(['partners', ...argv], { env: { HMS_URL: service.url } })
}

describe('partners deliveries', () => {
  it('sends the filters, shows state and acknowledgement separately, and names the next page', async () => {
    const asked =
      'GET /v1/deliveries?partner=va-deq&run=184&policy=epa-pm25-limit&version=2.0.0&state=dead&since=2026-01-01T00%3A00%3A00.000Z&limit=1'
    const flags = ['--run', '184', '--policy', 'epa-pm25-limit@2.0.0', '--state', 'dead', '--since', '2026-01-01T00:00:00Z', '--limit', '1']
    const { code, stdout, stderr } = await run(['deliveries', 'va-deq', ...flags], { [asked]: { body: [DELIVERY] } })
    expect([code, stderr]).toEqual([0, `1 are shown. Older ones: the same command with --before ${DELIVERY.id}\n`])
    expect(stdout).toMatch(/STATE +ACKNOWLEDGED/)
    expect(stdout).toMatch(/dead +–/)
  })

  it.each([
    ['--state', 'lost'],
    ['--limit', '0'],
    ['--limit', 'many'],
    ['--since', 'yesterday'],
    ['--policy', '@1.0.0'],
  ])('refuses %s %s with exit 2', async (flag, value) => {
    const { code, stderr } = await run(['deliveries', flag, value], {})
    expect([code, service.requests]).toEqual([2, []])
    expect(stderr).toContain(value)
  })
})

it('partners delivery shows each try with its evidence, and escapes control characters', async () => {
  const { code, stdout } = await run(['delivery', DELIVERY.id], { [`GET ${ONE}`]: { body: DETAIL } })
  expect(code).toBe(0)
  for (const text of ['192.0.2.7', 'AA:BB', 'sha256:0123', 'by operator: their gateway is back', '2026-01-02T00:00:00.000Z (callback)'])
    expect(stdout).toContain(text)
  expect(stdout).not.toContain('\u001b')
})

describe('partners redrive', () => {
  it('redrives each named delivery, and continues after a refusal', async () => {
    const refusal = { code: 'HMS_DELIVERY_OVERTAKEN', detail: 'a newer one came', status: 409, next: [] }
    const { code, stdout, stderr } = await run(['redrive', 'a', DELIVERY.id, '--reason', 'their gateway is back'], {
      'POST /v1/deliveries/a/redrive': { status: 409, body: refusal },
      [`POST ${ONE}/redrive`]: { body: DETAIL },
    })
    expect([code, service.requests.map(({ body }) => body)]).toEqual([
      5,
      Array.from({ length: 2 }, () => ({ reason: 'their gateway is back' })),
    ])
    expect([stdout, stderr]).toEqual([expect.stringContaining(DELIVERY.messageId), expect.stringContaining('HMS_DELIVERY_OVERTAKEN')])
  })

  it('redrives the dead deliveries of a period, and reports which were skipped and that there are more', async () => {
    const body = { redriven: [DELIVERY], skipped: [{ id: 'b', detail: 'a newer one came' }], more: true }
    const flags = ['--failed', '--partner', 'va-deq', '--since', '2026-01-01T00:00:00Z', '--reason', 'r']
    const { code, stderr } = await run(['redrive', ...flags], { 'POST /v1/deliveries/redrive': { body } })
    expect([code, service.requests[0]!.body]).toEqual([0, { reason: 'r', partner: 'va-deq', since: '2026-01-01T00:00:00.000Z' }])
    expect(stderr).toBe('left alone: b: a newer one came\nThere are more: run the same command again.\n')
  })

  it.each([
    [['redrive', '--reason', 'r']],
    [['redrive', 'a', '--failed', '--reason', 'r']],
    [['redrive', 'a', '--since', '2h', '--reason', 'r']],
    [['redrive', 'a', '--reason', ' ']],
    [['redrive', 'a']],
  ])('sends no request for %j, exit 2', async (argv) => {
    expect([(await run(argv, {})).code, service.requests]).toEqual([2, []])
  })
})
