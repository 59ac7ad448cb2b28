import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect, it, onTestFinished } from 'vitest'
import { connect } from '#libs/client'
import { publicKeyFromRaw } from '#libs/signing'
import { silentLogger, systemClock } from '#libs/platform'
import { DirectHeadDelivery } from '#libs/service'
import { HttpWitness } from '#libs/witness'
import { serveEdge } from '../../apps/edge/src/edge.js'
import { LooseApi } from '../support/loose-api.js'

const CHUNK = Buffer.alloc(256 * 1024, ' ')
const ENOUGH = 64 * 1024 * 1024

/** Starts a server that sends until its client stops reading; `sent` resolves with the number of bytes. */
async function flood(status: number, type = 'application/json', chunk: Buffer = CHUNK): Promise<{ url: string; sent: Promise<number> }> {
  let done: (bytes: number) => void
  const sent = new Promise<number>((resolve) => (done = resolve))
  const server = createServer((_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(status, { 'content-type': type })
    let bytes = 0
    const more = (): void => {
      while (bytes < ENOUGH && response.writable) {
        bytes += chunk.length
        if (!response.write(chunk)) return
      }
      response.end()
    }
    response
      .on('drain', more)
      .on('error', () => {})
      .on('close', () => done(bytes))
    more()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sent }
}

it('the SDK and the CLI abandon a response without end', async () => {
  for (const ask of [(api: LooseApi) => api.get('/'), (api: LooseApi) => api.post('/', {}), (api: LooseApi) => api.bytes('/')]) {
    const { url, sent } = await flood(200)
    await expect(ask(new LooseApi({ url }))).rejects.toMatchObject({ code: 'HMS_HTTP_ANSWER_OVERSIZED', status: 502 })
    expect(await sent).toBeLessThan(ENOUGH)
  }
})

it('a refusal without end yields only its status', async () => {
  for (const [status, code] of [
    [403, 'HMS_HTTP_UNEXPECTED'],
    [503, 'HMS_UNREACHABLE'],
  ] as const) {
    const { url, sent } = await flood(status, 'application/problem+json')
    await expect(new LooseApi({ url }).get('/')).rejects.toMatchObject({ code, status })
    expect(await sent).toBeLessThan(ENOUGH)
  }
})

it('a response counts with its decompressed bytes', async () => {
  const packed = gzipSync(Buffer.alloc(ENOUGH, ' '))
  const server = createServer((_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed)).listen(
    0,
    '127.0.0.1',
  )
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await expect(new LooseApi({ url }).get('/')).rejects.toMatchObject({ code: 'HMS_HTTP_ANSWER_OVERSIZED' })
})

it.each<[string, Buffer]>([
  ['one line', Buffer.alloc(256 * 1024, 'x')],
  ['empty lines of data', Buffer.from('data\n'.repeat(50_000))],
])('a stream of events gives %s up that does not end', async (_what, chunk) => {
  const { url, sent } = await flood(200, 'text/event-stream', chunk)
  const events = new LooseApi({ url }).events('/v1/events')
  await expect(events.next()).rejects.toMatchObject({ code: 'HMS_STREAM_OVERSIZED' })
  expect(await sent).toBeLessThan(ENOUGH)
})

it('a reader of the stream gives a refusal up that does not end', async () => {
  const { url, sent } = await flood(403)
  await expect(connect({ url, timeoutMs: 5_000 })).rejects.toMatchObject({ code: expect.stringMatching(/^HMS_/) as string })
  expect(await sent).toBeLessThan(ENOUGH)
})

it('an endless response of a witness, of a config-store that takes heads or of a readiness check is not read to the end', async () => {
  const witness = await flood(200, 'text/plain')
  const key = { name: 'any', id: '00000000', type: 4, key: publicKeyFromRaw(Buffer.alloc(32, 1)) }
  await expect(new HttpWitness(key, witness.url).addCheckpoint('')).rejects.toMatchObject({ code: 'HMS_HTTP_ANSWER_OVERSIZED' })
  for (const status of [200, 500]) {
    const store = await flood(status)
    expect(await new DirectHeadDelivery([store.url], systemClock, silentLogger).deliver({ heads: [] } as never)).toMatchObject([
      { ok: false },
    ])
    expect(await store.sent).toBeLessThan(ENOUGH)
  }
  const service = await flood(200)
  const edge = await serveEdge({ HMS_PROFILE: 'dev', HMS_PORT: '0', HMS_LOG_LEVEL: 'silent', HMS_LINTER_URLS: service.url })
  onTestFinished(() => edge.stop())
  const { services } = (await (await fetch(`http://127.0.0.1:${edge.port}/readyz`)).json()) as { services: Record<string, string> }
  expect(services['linter']).toBe('down')
  expect(await service.sent).toBeLessThan(ENOUGH)
})
