import type { PastPolicyView, PolicyHistoryEntry } from '#libs/contracts'
import { TrustedProxies } from '#libs/platform'
import Fastify from 'fastify'
import { decodeQR } from 'qr/decode.js'
import { describe, expect, it } from 'vitest'
import type { Answer } from '../reading/answer.js'
import { originBehind } from '../reading/client-of.js'
import { aRun, AWAY, MISSING, shown } from '../testing/shown.js'
import { addOfflineBundles, bundlePath } from './offline-bundle.js'
import { runReceiptPage } from './run-receipt-page.js'

const ID = 'epa-pm25-limit'
const ORIGIN = 'http://127.0.0.1:7000'
const envelope = (payload: string) => ({ payload, payloadType: 'application/vnd.in-toto+json', signatures: [] })
const proof = { entry: '{}', proof: 'c2sp.org/tlog-proof@v1\nindex 12\n', member: { index: 0, path: [] } }
const past = {
  id: ID,
  version: '2.0.0',
  since: '2026-11-26T11:00:10Z',
  value: { id: ID, version: '2.0.0', effective: '2024-09-01T00:00:00Z', limit: 25, units: 'ug_per_m3' },
  provenance: { run: 7, digest: 'sha256:bb' },
  record: { digest: 'sha256:bb', head: envelope('head'), release: envelope('release'), proof },
} as unknown as PastPolicyView
const change = {
  version: '2.0.0',
  run: 7,
  seq: 2,
  from: '2026-11-26T11:00:10Z',
  until: null,
  cause: 'run',
  differences: [{ field: 'limit', from: 35, to: 25, text: 'limit 35 → 25 µg/m³' }],
} as unknown as PolicyHistoryEntry
const again = { ...change, seq: 4, cause: 'rollback', differences: [{ field: 'limit', text: 'limit 40 → 25 µg/m³' }] }
const run = aRun({
  state: 'SUCCEEDED',
  clock: {
    bots: 24,
    current: 23,
    partners: 1,
    told: 1,
    toldInTime: 1,
    acknowledged: 0,
    seconds: { half: 10, most: 75, all: null, partners: 80 },
  },
})
const answers = (more: Record<string, unknown> = {}) => ({
  '/v1/runs/7': run,
  '/v1/approvals/sha256%3Aaabbccdd': {
    signedBy: ['EPA Chief'],
    missing: [],
    policies: [],
    authors: ['Ann'],
    digest: run.digest,
    reasons: [{ name: 'EPA Chief', reason: 'new standard' }],
  },
  '/v1/deliveries?run=7': [],
  '/v1/audit/entries?run=7&type=hms.approval.approved.v1&limit=10': [{ index: 12 }],
  [`/v1/policies/${ID}?version=2.0.0`]: past,
  [`/v1/policies/${ID}/history?limit=50`]: [again, change],
  ...more,
})
const receipt = (more: Record<string, unknown> = {}) =>
  shown(runReceiptPage, { answers: answers(more), params: { number: '7' }, origin: ORIGIN })

/** Text of the QR code of a page. */
function codeIn(html: string): string {
  const size = Number(/class="receipt-code".*?viewBox="0 0 (\d+) /.exec(html)?.[1])
  const scale = 4
  const width = size * scale
  const data = new Uint8Array(width * width * 4).fill(255)
  for (const [, x, y] of html.matchAll(/M(\d+) (\d+)h1v1h-1z/g))
    for (let i = 0; i < scale * scale; i++) {
      const at = ((Number(y) * scale + Math.floor(i / scale)) * width + Number(x) * scale + (i % scale)) * 4
      data.fill(0, at, at + 3)
    }
  return decodeQR({ width, height: width, data })
}

describe('the receipt of a run', () => {
  it('shows rule, difference, signers, evidence, reach and log entry', async () => {
    const { text, html } = await receipt()
    expect(text).toContain('limit 25 µg/m³ Difference: limit 35 → 25 µg/m³. In force from 2026-11-26 11:00:10 UTC')
    expect(text).toContain('Signed by EPA Chief Written by Ann EPA Chief says “new standard”')
    expect(text).toMatch(/Simulation Replay ✓ Passed all good/)
    expect(text).toContain('23 of 24 bots.')
    expect(text).toContain('50 % 10 sec 2026-11-26 11:00:10 UTC 95 % 1 min 15 sec 2026-11-26 11:01:15 UTC 100 % not recorded –')
    expect(html).toContain('<a href="/audit/12">entry 12</a>')
  })

  it('has the absolute address of the offline bundle, as a QR code too', async () => {
    const { html } = await receipt()
    const address = `${ORIGIN}/policies/${ID}/bundle?version=2.0.0`
    expect(html).toContain(`>${address}</a>`)
    expect(codeIn(html)).toBe(address)
  })

  it('is a receipt of a run that never was in force, and of one without a recorded reach', async () => {
    const never = { [`/v1/policies/${ID}?version=2.0.0`]: MISSING, [`/v1/policies/${ID}/history?limit=50`]: [], '/v1/runs/7': aRun() }
    const { text, html } = await receipt(never)
    expect(text).toContain('epa-pm25-limit@2.0.0 was never in force for all.')
    expect(text).toContain('50 % not recorded – 95 % not recorded')
    expect(text).toContain('epa-pm25-limit@2.0.0 has no offline bundle.')
    expect(html).not.toContain('receipt-code')
  })

  it('is a 404 for a run that is none, and reports a service that is away', async () => {
    expect((await receipt({ '/v1/runs/7': MISSING })).status).toBe(404)
    const { text } = await receipt({ '/v1/approvals/sha256%3Aaabbccdd': AWAY })
    expect(text).toContain('The approvals of this run could not be loaded')
  })
})

describe('the offline bundle', () => {
  const bundle = async (answer: Answer<unknown>) => {
    const paths: string[] = []
    const server = Fastify()
    addOfflineBundles(server, () => async (path) => {
      paths.push(path)
      return answer as Answer<never>
    })
    const { statusCode, headers, body } = await server.inject(bundlePath(ID, '2.0.0'))
    return { statusCode, file: headers['content-disposition'], body, paths }
  }

  it('is the file that verify accepts', async () => {
    const { statusCode, file, body, paths } = await bundle({ kind: 'loaded', value: past })
    expect([statusCode, file]).toEqual([200, 'attachment; filename="epa-pm25-limit%402.0.0.bundle"'])
    expect(JSON.parse(body)).toStrictEqual({ bundle: 1, release: envelope('release'), head: envelope('head'), ...proof })
    expect(paths).toEqual([`/v1/policies/${ID}?version=2.0.0`])
  })

  it('is made of the release that the head holds, if the version came into force by that', async () => {
    const next = { release: envelope('next'), proof }
    const held = { ...past, record: { ...past.record, digest: 'sha256:aa', next } }
    expect(JSON.parse((await bundle({ kind: 'loaded', value: held })).body)).toMatchObject({ release: envelope('next') })
  })

  it.each([
    [404, { kind: 'missing', detail: '' }],
    [404, { kind: 'loaded', value: { ...past, record: { ...past.record, proof: null } } }],
    [401, { kind: 'denied', detail: '' }],
    [503, { kind: 'away', service: 'config-store', detail: 'did not respond' }],
  ] as [number, Answer<unknown>][])('is a %i otherwise', async (status, answer) => {
    expect((await bundle(answer)).statusCode).toBe(status)
  })
})

it.each([
  [{ host: '127.0.0.1:7000' }, 'http://127.0.0.1:7000'],
  [{ host: 'hms.agency.gov', 'x-forwarded-proto': 'https' }, 'https://hms.agency.gov'],
  [{ host: 'a b' }, undefined],
  [{}, undefined],
])('reads the origin of %j', (headers, origin) => {
  const raw = { socket: { remoteAddress: '10.0.0.1' }, headers } as never
  expect(originBehind({ raw }, new TrustedProxies(['10.0.0.0/8']))).toBe(origin)
})
