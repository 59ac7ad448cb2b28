import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { verifyWebhook } from '#libs/client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Attempt, ChannelSenders, Outcome } from '../channels/channel-sender.js'
import { UndiciWebhookSender } from '../channels/webhook/send-webhook.js'
import { notifierFixture } from '../notifications/notifier-fixture.suite.js'
import { TestPartner } from './test-partner.js'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const webhooks = new UndiciWebhookSender({ deployment: { profile: 'dev', networks: ['127.0.0.0/8'] } })

let harness: Awaited<ReturnType<typeof notifierFixture>>
const closers: (() => Promise<unknown>)[] = []
beforeEach(async () => {
  harness = await notifierFixture()
})
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
  await harness.stop()
})

async function receiver(listener: RequestListener): Promise<void> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  await harness.register({ id: 'va-deq', channels: [{ kind: 'webhook', url, secret: SECRET }], networks: ['127.0.0.0/8'] })
}

async function bodyOf(request: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const tester = (senders: ChannelSenders = { webhook: webhooks }): TestPartner =>
  new TestPartner(harness.runtime.database, senders, harness.box)

describe('the test of a partner', () => {
  it('uses the senders of real messages, is marked as a test, and leaves no delivery', async () => {
    const seen: unknown[] = []
    await receiver(async (request, response) => {
      const body = verifyWebhook(SECRET, request.headers, await bodyOf(request), { now: harness.runtime.clock.now() })
      seen.push(body)
      response.writeHead(202).end('thank you')
    })
    const result = await tester().execute('va-deq', {})
    expect(result).toMatchObject({ partner: 'va-deq', message: expect.stringMatching(/^test_[0-9a-f-]{36}$/), ok: true })
    expect(result.channels).toMatchObject([{ channel: 'webhook', ok: true, status: 202, reply: 'thank you', explanation: null }])
    expect(seen).toEqual([{ type: 'partner.test', timestamp: expect.any(String), data: { intent: 'connection-test', partner: 'va-deq' } }])
    expect(await harness.deliveries()).toEqual([])
  })

  it('explains the mistake of the receiver on request', async () => {
    let calls = 0
    await receiver(async (request, response) => {
      calls++
      const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': given = '' } = request.headers
      const signed = `${id as string}.${time as string}.${(await bodyOf(request)).toString()}`
      const wanted = `v1,${createHmac('sha256', SECRET).update(signed).digest('base64')}`
      response.sendDate = false
      response.writeHead((given as string).split(' ').includes(wanted) ? 204 : 401).end()
    })
    expect((await tester().execute('va-deq', {})).channels).toMatchObject([{ ok: false, status: 401, explanation: null }])
    expect(calls).toBe(1)
    const { ok, channels } = await tester().execute('va-deq', { explain: true })
    expect([ok, channels[0]?.explanation]).toMatchObject([false, { suspect: 'secret', secretPrefix: 'whsec_MfKQ…' }])
    expect(JSON.stringify(channels)).not.toContain(SECRET.slice(10))
  })

  it('tries all channels, or only the named one', async () => {
    const sent: string[] = []
    const sender = (kind: Outcome['kind']) => ({
      send: async (attempt: Attempt): Promise<Outcome> => {
        sent.push(attempt.channel.kind)
        return { kind, latencyMs: 3, detail: kind }
      },
      close: async () => {},
    })
    await harness.register({
      id: 'md',
      channels: [
        { kind: 'webhook', url: 'https://md.example/', secret: SECRET },
        { kind: 'email', to: 'a@md.example' },
      ],
    })
    const test = tester({ webhook: sender('delivered'), email: sender('retry') })
    expect(await test.execute('md', {})).toMatchObject({
      ok: false,
      channels: [{ ok: true }, { channel: 'email', ok: false, detail: 'retry' }],
    })
    expect(await test.execute('md', { channel: 'webhook' })).toMatchObject({ ok: true, channels: [{ channel: 'webhook' }] })
    expect(sent.toSorted()).toEqual(['email', 'webhook', 'webhook'])
  })

  it('rejects an unknown partner or channel, and a second test at the same time', async () => {
    await harness.register({ id: 'slow' })
    let finish = (): void => {}
    const held = new Promise<void>((resolve) => (finish = resolve))
    const slow = {
      send: async (): Promise<Outcome> => {
        await held
        return { kind: 'delivered', latencyMs: 1 }
      },
      close: async () => {},
    }
    const test = tester({ webhook: slow })
    await expect(test.execute('unknown', {})).rejects.toMatchObject({ code: 'HMS_PARTNER_UNKNOWN', status: 404 })
    await expect(test.execute('slow', { channel: 'sftp' })).rejects.toMatchObject({ code: 'HMS_PARTNER_CHANNEL_UNKNOWN', status: 404 })
    const first = test.execute('slow', {})
    await harness.quiet()
    await expect(test.execute('slow', {})).rejects.toMatchObject({ code: 'HMS_PARTNER_TEST_RUNNING', status: 409, retryable: true })
    finish()
    expect(await first).toMatchObject({ ok: true })
    expect(await test.execute('slow', {})).toMatchObject({ ok: true })
  })
})
