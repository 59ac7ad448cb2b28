import type { ChannelTest, PartnerTestResult } from '#libs/contracts'
import { afterEach, describe, expect, it } from 'vitest'
import { serveCanned, type CannedService } from '../testing/canned-service.js'
import { runForTest, type CliRun } from '../testing/run-cli.js'

const TAKEN: ChannelTest = {
  channel: 'sftp',
  ok: true,
  status: null,
  latencyMs: 120,
  detail: 'connection-test.json written at 127.0.0.1:22',
  reply: null,
  address: null,
  explanation: null,
}
const REFUSED: ChannelTest = {
  ...TAKEN,
  channel: 'webhook',
  ok: false,
  status: 401,
  detail: 'answered 401',
  address: '127.0.0.1',
  explanation: {
    suspect: 'secret',
    detail: 'the base64 is not decoded there',
    secretPrefix: 'whsec_MfKQ…',
    signed: { id: 'test_1', timestamp: '1767225600', bodySha256: 'ab', bytes: 12 },
  },
}

let service: CannedService
afterEach(() => service.close())

async function test(channels: ChannelTest[], ...argv: string[]): Promise<CliRun> {
  const result: PartnerTestResult = { partner: 'va-deq', message: 'test_1', ok: channels.every(({ ok }) => ok), channels }
  service = await serveCanned({ 'POST /v1/partners/va-deq/test': { body: result } })
  return runForTest(['partners', 'test', 'va-deq', ...argv], { env: { HMS_URL: service.url } })
}

describe('partners test', () => {
  it('exits with 0 if every channel accepted the message', async () => {
    const { code, stdout } = await test([TAKEN])
    expect([code, stdout]).toEqual([0, '✓ sftp: accepted the test message (120 ms): connection-test.json written at 127.0.0.1:22\n'])
    expect(service.requests[0]?.body).toEqual({})
  })

  it('exits with 6 if a channel did not accept the message, and prints the suspected cause', async () => {
    const { code, stdout } = await test([TAKEN, REFUSED], '--explain', '--channel', 'webhook')
    expect(code).toBe(6)
    expect(stdout).toContain('✗ webhook: did not accept the test message (status 401, 120 ms, 127.0.0.1): answered 401\n')
    expect(stdout).toContain('✗ webhook: secret is wrong: the base64 is not decoded there\n')
    expect(stdout).toContain('✗ webhook: signed with whsec_MfKQ… over test_1.1767225600.BODY, body of 12 bytes, SHA-256 ab\n')
    expect(service.requests[0]?.body).toEqual({ explain: true, channel: 'webhook' })
  })

  it('prints the whole result with --json', async () => {
    const { code, stdout } = await test([REFUSED], '--json')
    expect([code, JSON.parse(stdout)]).toMatchObject([6, { ok: false, channels: [{ explanation: { suspect: 'secret' } }] }])
  })
})
