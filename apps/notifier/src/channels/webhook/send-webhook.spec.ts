import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { verifyWebhook } from '#libs/client'
import { generateKeyPair, localSigner, rawPublicKey } from '#libs/signing'
import { Webhook } from 'standardwebhooks'
import { afterEach, describe, expect, it } from 'vitest'
import { sampleAttempt } from '../sample-attempt.suite.js'
import type { Attempt } from '../channel-sender.js'
import type { WebhookChannel } from '../../partners/channel.js'
import { type UndiciSenderOptions, UndiciWebhookSender } from './send-webhook.js'
import { webhookPublicKey } from './standard-webhooks.js'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const NETWORKS = ['127.0.0.0/8']
const closers: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function partner(listener: RequestListener): Promise<{ url: string; port: number }> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/hook?a=b`, port }
}

function sender(options: Partial<UndiciSenderOptions> = {}): UndiciWebhookSender {
  const created = new UndiciWebhookSender({ deployment: { profile: 'dev', networks: ['0.0.0.0/0', '::/0'] }, ...options })
  closers.push(() => created.close())
  return created
}

type More = Partial<Attempt<WebhookChannel>>
const attempt = (url: string, more: More = {}): Attempt<WebhookChannel> =>
  sampleAttempt({ kind: 'webhook', url, secret: SECRET }, { networks: NETWORKS, ...more })
const never = new AbortController().signal
const answer =
  (status: number, headers: Record<string, string> = {}, body = ''): RequestListener =>
  (_, response) => {
    response.writeHead(status, headers).end(body)
  }

describe('UndiciWebhookSender', () => {
  it('delivers signed bytes that the official library accepts', async () => {
    const seen: unknown[] = []
    const { url } = await partner(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const body = new Webhook(SECRET).verify(Buffer.concat(chunks), request.headers as Record<string, string>)
      seen.push(request.method, request.url, request.headers['content-type'], body)
      response.end('thanks\0')
    })
    const outcome = await sender().send(attempt(url), never)
    const evidence = { address: '127.0.0.1', keyId: expect.stringMatching(/^sha256:[0-9a-f]{16}$/) }
    expect(outcome).toEqual({ kind: 'delivered', status: 200, reply: 'thanks\uFFFD', latencyMs: expect.any(Number), ...evidence })
    expect(seen).toEqual(['POST', '/hook?a=b', 'application/json', { type: 'policy.updated' }])
  })

  it('also signs with the previous secret until it expires', async () => {
    const OLD = `whsec_${Buffer.alloc(32, 3).toString('base64')}`
    const opened: boolean[][] = []
    const { url } = await partner(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const opens = (secret: string): boolean => {
        try {
          return new Webhook(secret).verify(Buffer.concat(chunks), request.headers as Record<string, string>) !== undefined
        } catch {
          return false
        }
      }
      opened.push([SECRET, OLD].map(opens))
      response.end()
    })
    for (const untilMs of [60_000, -1]) {
      const previous = { secret: OLD, until: new Date(Date.now() + untilMs).toISOString() }
      await sender().send(attempt(url, { channel: { kind: 'webhook', url, secret: SECRET, previous } }), never)
    }
    expect(opened).toEqual([
      [true, true],
      [true, false],
    ])
  })

  it("also signs with notifier's own key, for partners without a secret", async () => {
    const { privateKey, publicKey } = generateKeyPair()
    const seen: unknown[] = []
    const { url } = await partner(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      for (const key of [webhookPublicKey(rawPublicKey(publicKey)), SECRET]) {
        seen.push(verifyWebhook(key, request.headers, Buffer.concat(chunks)))
      }
      new Webhook(SECRET).verify(Buffer.concat(chunks), request.headers as Record<string, string>)
      response.end()
    })
    expect(await sender({ signer: localSigner(privateKey) }).send(attempt(url), never)).toMatchObject({ kind: 'delivered' })
    expect(seen).toEqual([{ type: 'policy.updated' }, { type: 'policy.updated' }])
  })

  it.each([204, 299])('treats %i as delivered', async (status) => {
    const { url } = await partner(answer(status))
    expect(await sender().send(attempt(url), never)).toMatchObject({ kind: 'delivered', status })
  })

  it.each([400, 404, 500, 503])('treats %i as a failed attempt', async (status) => {
    const { url } = await partner(answer(status, {}, 'sorry'))
    expect(await sender().send(attempt(url), never)).toMatchObject({ kind: 'retry', status, reply: 'sorry', detail: `answered ${status}` })
  })

  it('reports Retry-After, and 410 as gone', async () => {
    const busy = await partner(answer(429, { 'retry-after': '120' }))
    expect(await sender().send(attempt(busy.url), never)).toMatchObject({ kind: 'retry', status: 429, retryAfterMs: 120_000 })
    const gone = await partner(answer(410))
    expect(await sender().send(attempt(gone.url), never)).toMatchObject({ kind: 'gone', status: 410 })
  })

  it('does not follow a redirect', async () => {
    let reached = false
    const inner = await partner((_, response) => {
      reached = true
      response.end()
    })
    const { url } = await partner(answer(307, { location: inner.url }))
    expect(await sender().send(attempt(url), never)).toMatchObject({ kind: 'retry', status: 307 })
    expect(reached).toBe(false)
  })

  it('times out at the deadline if the partner does not respond', async () => {
    const { url } = await partner(() => undefined)
    expect(await sender({ deadlineMs: 50 }).send(attempt(url), never)).toMatchObject({ kind: 'retry', timedOut: true })
  })

  it('keeps the status if only the response body stalls or breaks off', async () => {
    const stalls = await partner((_, response) => response.write('part'))
    expect(await sender({ deadlineMs: 1000 }).send(attempt(stalls.url), never)).toMatchObject({ kind: 'delivered', reply: 'part' })
    const breaks = await partner((_, response) => response.write('part', () => response.destroy()))
    expect(await sender().send(attempt(breaks.url), never)).toMatchObject({ kind: 'delivered', status: 200 })
  })

  it('stops on abort', async () => {
    const stop = new AbortController()
    const { url } = await partner(() => stop.abort())
    expect(await sender().send(attempt(url), stop.signal)).toMatchObject({ kind: 'retry', detail: 'stopped before the partner answered' })
    expect(await sender().send(attempt(url), AbortSignal.abort())).toMatchObject({ kind: 'retry' })
  })

  it('reads 64 KiB of an endless response and keeps 4 KiB', async () => {
    let closed: Promise<unknown> | undefined
    const { url } = await partner((_, response) => {
      closed = once(response, 'close')
      const pour = (): void => {
        while (!response.destroyed && response.write('x'.repeat(8192)));
      }
      response.on('drain', pour)
      pour()
    })
    const outcome = await sender().send(attempt(url), never)
    expect(outcome).toMatchObject({ kind: 'delivered', reply: 'x'.repeat(4096) })
    await closed
  })

  it.each([
    ['103 Early Hints', 'HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n'],
    ['102 Processing', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['long 103s', `HTTP/1.1 103 Early Hints\r\nlink: ${'x'.repeat(8_000)}\r\n\r\n`],
  ])('aborts a response that consists only of interim responses: %s', async (_what, hint) => {
    let closed: (bytes: number) => void
    const taken = new Promise<number>((resolve) => (closed = resolve))
    const { url } = await partner((request) => {
      const { socket } = request
      const hints = Buffer.from(hint.repeat(Math.ceil(16_384 / hint.length)))
      const more = (): void => {
        while (socket.writable && socket.write(hints));
      }
      socket
        .on('drain', more)
        .on('error', () => {})
        .on('close', () => closed(socket.bytesWritten))
      more()
    })
    const outcome = await sender({ deadlineMs: 60_000 }).send(attempt(url), never)
    expect(outcome).toMatchObject({ kind: 'retry', detail: expect.stringContaining('larger than 1 MiB') as string })
    expect(await taken).toBeLessThan(32 * 1024 * 1024)
  })

  it('reports a reset, a refused connection and an unknown host name as failed attempts', async () => {
    const reset = await partner((request) => request.socket.resetAndDestroy())
    expect(await sender().send(attempt(reset.url), never)).toMatchObject({
      kind: 'retry',
      detail: expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET/),
    })
    const { url } = await partner(answer(200))
    await closers.pop()?.()
    expect(await sender().send(attempt(url), never)).toMatchObject({ kind: 'retry', detail: expect.stringContaining('ECONNREFUSED') })
    const missing = sender({ resolve: (_, done) => done(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), []) })
    expect(await missing.send(attempt('https://gone.test/'), never)).toMatchObject({ kind: 'retry', detail: 'ENOTFOUND: no such name' })
  })

  it('refuses a forbidden address, literal or resolved, before it connects', async () => {
    let reached = false
    const { url, port } = await partner(() => {
      reached = true
    })
    expect(await sender().send(attempt(url, { networks: [] }), never)).toMatchObject({ kind: 'refused' })
    expect(
      await sender({ deployment: { profile: 'production', networks: ['0.0.0.0/0', '::/0'] } }).send(attempt(url), never),
    ).toMatchObject({ kind: 'refused' })
    const rebound = sender({ resolve: (_, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) })
    expect(await rebound.send(attempt(`http://a.test:${port}/`, { networks: ['10.0.0.0/8'] }), never)).toMatchObject({ kind: 'refused' })
    expect(await rebound.send(attempt('https://a.test/', { networks: [] }), never)).toMatchObject({ kind: 'refused' })
    expect(reached).toBe(false)
  })

  it('connects to the resolved address that was checked', async () => {
    const { port } = await partner(answer(200))
    const named = sender({ resolve: (_, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) })
    expect(await named.send(attempt(`http://partner.test:${port}/`), never)).toMatchObject({ kind: 'delivered' })
    expect(await sender().send(attempt(`http://localhost:${port}/`), never)).toMatchObject({ kind: 'delivered' })
  })

  it('refuses a message that cannot be signed', async () => {
    const { url } = await partner(answer(200))
    expect(await sender().send(attempt(url, { channel: { kind: 'webhook', url, secret: 'nope' } }), never)).toMatchObject({
      kind: 'refused',
    })
  })
})
