import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { canonicalJson } from '#libs/contracts'
import { afterEach, describe, expect, it } from 'vitest'
import type { A2aChannel } from '../../partners/channel.js'
import type { Attempt } from '../channel-sender.js'
import { sampleAttempt } from '../sample-attempt.suite.js'
import { type A2aPackage, A2aSender } from './send-a2a.js'

const SECRET = 'a secret of the integration layer'
const never = new AbortController().signal
const closers: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const sender = new A2aSender({ deployment: { profile: 'dev', networks: ['127.0.0.0/8'] } })

async function partner(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/a2a`
}

function attempt(url: string, more: Partial<Attempt<A2aChannel>> = {}): Attempt<A2aChannel> {
  const body = Buffer.from('{"type":"policy.updated","timestamp":"2026-01-01T00:00:00Z","data":{"intent":"policy-update","id":"ozone"}}')
  return sampleAttempt<A2aChannel>({ kind: 'a2a', url, secret: SECRET }, { networks: ['127.0.0.0/8'], body, ...more })
}

describe('A2aSender', () => {
  it('posts a package whose signature the receiver can recompute', async () => {
    const seen: { headers: unknown; text: string }[] = []
    const url = await partner(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      seen.push({ headers: request.headers, text: Buffer.concat(chunks).toString() })
      response.writeHead(202).end()
    })
    expect(await sender.send(attempt(url), never)).toMatchObject({ kind: 'delivered', status: 202 })
    const { sig, ...unsigned } = JSON.parse(seen[0]!.text) as A2aPackage
    expect(sig).toBe(createHmac('sha256', SECRET).update(canonicalJson(unsigned)).digest('hex'))
    expect(unsigned).toMatchObject({ meta: { to: 'va-deq' }, intent: 'policy-update', data: { id: 'ozone', message: 'msg_1' } })
    expect(seen[0]!.headers).toMatchObject({ 'content-type': 'application/json', 'idempotency-key': 'msg_1' })
  })

  it('handles 410, redirects and addresses like a webhook', async () => {
    const gone = await partner((_, response) => void response.writeHead(410).end())
    expect(await sender.send(attempt(gone), never)).toMatchObject({ kind: 'gone', status: 410 })
    const moved = await partner((_, response) => void response.writeHead(307, { location: gone }).end())
    expect(await sender.send(attempt(moved), never)).toMatchObject({ kind: 'retry', status: 307 })
    expect(await sender.send(attempt(gone, { networks: [] }), never)).toMatchObject({ kind: 'refused' })
  })

  it('refuses a body that is not a message', async () => {
    const url = await partner((_, response) => void response.end())
    expect(await sender.send(attempt(url, { body: Buffer.from('x') }), never)).toMatchObject({ kind: 'refused' })
  })
})
