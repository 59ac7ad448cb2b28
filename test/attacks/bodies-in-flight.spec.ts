import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { signedBy } from '#libs/client'
import { SERVICES, type IssuedToken } from '#libs/contracts'
import { variableOf } from '#libs/process'
import { generateKeyPair, localSigner, signRequest } from '#libs/signing'
import { serveEdge } from '../../apps/edge/src/edge.js'
import { LooseApi } from '../support/loose-api.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'

/** Routes that require no key: their requests are signed by people, or have a token in the address. */
const OPEN = [
  '/v1/approvals',
  '/v1/approvals/any/decisions',
  '/v1/break-glass',
  '/v1/dead-letters/any/any/decisions',
  '/v1/freezes',
  '/v1/freezes/any/lift',
  '/v1/freshness',
  '/v1/heads',
  '/v1/receipts/any',
  '/v1/roster/proposals/any/signatures',
  '/v1/runs/any/decisions',
  '/v1/tickets/any/decisions',
  '/v1/unsubscribes/any',
  '/v1/withdrawals',
]
const LARGE = 37 * 1024 * 1024

let system: MemorySystem
let edge: Awaited<ReturnType<typeof serveEdge>>
let posts: string[]
let key: string
const open: Socket[] = []
beforeAll(async () => {
  system = await startMemorySystem({ HMS_PROFILE: 'production' })
  const urls = Object.fromEntries(SERVICES.map((service) => [variableOf(service, 'URLS'), system.url]))
  edge = await serveEdge({
    ...urls,
    HMS_PROFILE: 'production',
    HMS_PORT: '0',
    HMS_LOG_LEVEL: 'silent',
    HMS_HTTP_WRITES_PER_SECOND: '100000',
  })
  const { paths } = (await (await fetch(`${system.url}/openapi.json`)).json()) as { paths: Record<string, object> }
  posts = Object.keys(paths)
    .filter((path) => 'post' in paths[path]!)
    .map((path) => path.replaceAll(/\{[^}]+\}/g, 'any'))
  const authorize = signedBy(system.operator, system.roster.installation, () => system.clock.now())
  key = (await new LooseApi({ url: system.url, authorize }).post<IssuedToken>('/v1/tokens', { scopes: ['operate'] })).token
})
afterEach(() => open.splice(0).forEach((socket) => socket.destroy()))
afterAll(async () => {
  await edge.stop()
  await system.stop()
})

/** Sends headers that announce a body, and its first byte: only with it do Node's client, and so the edge, forward the headers. */
function head(port: number, path: string, bytes: number, headers: string[] = []): Socket {
  const socket = connect({ port, host: '127.0.0.1' })
  const lines = [`POST ${path} HTTP/1.1`, 'host: 127.0.0.1', 'content-type: application/json', `content-length: ${bytes}`, ...headers]
  socket.on('error', () => {}).write(`${lines.join('\r\n')}\r\n\r\n{`)
  open.push(socket)
  return socket
}

/** Returns the head of the response, and what of its body arrived with it. */
function answerOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    socket.on('data', (data) => {
      text += String(data)
      if (text.includes('\r\n\r\n')) resolve(text)
    })
  })
}
const statusOf = async (socket: Socket): Promise<string> =>
  Promise.race([answerOf(socket).then((text) => text.split(' ')[1]!), once(AbortSignal.timeout(3_000), 'abort').then(() => 'none')])
const ports = (): [string, number][] => [
  ['a service', Number(new URL(system.url).port)],
  ['the edge', edge.port],
]

describe('a key is judged at the head of a request', () => {
  it('by every route that requires one, at a service and through the edge', async () => {
    // An evaluation is a read: the edge keeps up to 64 KiB of it for the next instance, within the bound of all bodies.
    const asking = (port: number): string[] =>
      posts.filter((path) => !OPEN.includes(path) && !(port === edge.port && path.startsWith('/ofrep/')))
    for (const [, port] of ports())
      for (const path of asking(port)) {
        const status = await statusOf(head(port, path, 1_000))
        // The edge does not serve dead letters: each service serves its own.
        expect([path, status]).toEqual([path, port === edge.port && path.startsWith('/v1/dead-letters') ? '405' : '401'])
      }
  })

  it.each([
    ['a key that was never issued', async () => 'Bearer hms_aaaaaaaaaaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'],
    ['what is no signed request', async () => 'HMS-Statement e30'],
    ['the signature of a stranger', (path: string) => signed(path, localSigner(generateKeyPair().privateKey))],
    ['a signature for another path', () => signed('/v1/bots', system.operator)],
  ])('with %s too', async (_what, authorization) => {
    for (const [, port] of ports())
      for (const path of ['/v1/corpora', '/v1/rollbacks', '/v1/tokens'])
        expect([path, await statusOf(head(port, path, LARGE, [`authorization: ${await authorization(path)}`]))]).toEqual([path, '401'])
  })

  it('and the routes that take signatures of people are none of these', async () => {
    expect(OPEN.filter((path) => !posts.includes(path))).toEqual([])
    for (const path of OPEN) {
      const { status } = await fetch(system.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
      expect([path, status]).not.toEqual([path, 401])
    }
  })

  it('which changes nothing for a signed request: its body is judged when it is there', async () => {
    const authorization = await signed('/v1/bots', system.operator)
    const body = JSON.stringify({ id: 'other', source: 'export const policies = []' })
    const answer = await fetch(`${system.url}/v1/bots`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body,
    })
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([401, 'HMS_AUTH_INVALID'])
  })
})

const signed = (path: string, signer: MemorySystem['operator']): Promise<string> =>
  signRequest(signer, { method: 'POST', path, body: Buffer.from('{}'), at: system.clock.now(), audience: system.roster.installation })

describe('bytes of bodies under way', () => {
  it('are limited per client, with Retry-After, and are released when a request ends', async () => {
    const port = Number(new URL(system.url).port)
    const authorization = `authorization: Bearer ${key}`
    const first = head(port, '/v1/corpora', LARGE, [authorization])
    await new Promise((resolve) => first.write(' ', resolve))
    const refused = await answerOf(head(port, '/v1/corpora', LARGE, [authorization]))
    expect(refused).toMatch(/^HTTP\/1\.1 429 [^]*retry-after: [1-9][^]*HMS_HTTP_BODIES/)
    expect(await statusOf(head(port, '/v1/corpora', LARGE, [authorization]))).toBe('429')
    const small = await fetch(`${system.url}/v1/lint`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: '{}',
    })
    expect(small.status).toBe(400)
    first.destroy()
    await expect
      .poll(async () => {
        const next = head(port, '/v1/corpora', LARGE, [authorization])
        const answer = await Promise.race([statusOf(next), once(AbortSignal.timeout(200), 'abort').then(() => 'taken')])
        next.destroy()
        return answer
      })
      .toBe('taken')
  })

  it('of chunks without a length count as much as the route takes', async () => {
    const port = Number(new URL(system.url).port)
    const chunked = (): Socket => {
      const socket = connect({ port, host: '127.0.0.1' })
      open.push(socket.on('error', () => {}))
      socket.write(
        `POST /v1/corpora HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\nauthorization: Bearer ${key}\r\n\r\n1\r\n{\r\n`,
      )
      return socket
    }
    const first = chunked()
    const answers = await Promise.race([statusOf(first), statusOf(chunked())])
    expect(answers).toBe('429')
  })
})
