import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { silentLogger } from '#libs/platform'
import { serveEdge } from '../../apps/edge/src/edge.js'
import { serveSample, type SampleSidecar } from '../../apps/sidecar/src/testing/serve-sample.js'
import { createWitnessServer } from '../../apps/witness/src/witness-server.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'

let system: MemorySystem
let edge: Awaited<ReturnType<typeof serveEdge>>
let sidecar: SampleSidecar
const witness = createWitnessServer(
  { key: { name: 'w', id: '00000000', type: 4 } as never, addCheckpoint: async () => ({ status: 403, body: '' }) },
  silentLogger,
)
beforeAll(async () => {
  system = await startMemorySystem()
  // Nobody listens behind this edge.
  edge = await serveEdge({
    HMS_PROFILE: 'dev',
    HMS_PORT: '0',
    HMS_LOG_LEVEL: 'silent',
    ...Object.fromEntries(['APPROVER', 'CONFIG_STORE', 'AUDIT'].map((name) => [`HMS_${name}_URLS`, 'http://127.0.0.1:1'])),
  })
  sidecar = await serveSample()
  await witness.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(async () => {
  await witness.close()
  await sidecar.stop()
  await edge.stop()
  await system.stop()
})

const doors: [string, () => number][] = [
  ['services', () => Number(new URL(system.url).port)],
  ['edge', () => edge.port],
  ['side-car', () => sidecar.port],
  ['witness', () => (witness.server.address() as { port: number }).port],
]

interface Answer {
  status: number
  headers: string
  problem: { type: string; code: string; status: number; traceId: string }
}

async function send(port: number, text: string): Promise<Answer> {
  const socket = connect(port, '127.0.0.1')
  socket.write(text)
  let answer = ''
  socket.on('data', (chunk) => (answer += String(chunk)))
  // The server closes: a peer that keeps its side open is not waited for.
  await once(socket, 'close')
  expect(answer.match(/HTTP\/1\.1 \d/g)).toHaveLength(1)
  const [headers = '', body = ''] = answer.split('\r\n\r\n')
  return { status: Number(headers.slice(9, 12)), headers: headers.toLowerCase(), problem: JSON.parse(body) as Answer['problem'] }
}
const ask = (port: number, path: string, method = 'GET', ...headers: string[]): Promise<Answer> =>
  send(port, [`${method} ${path} HTTP/1.1`, 'host: 127.0.0.1', 'connection: close', ...headers, '', ''].join('\r\n'))

const documented = [
  ...readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8').matchAll(/^- (?:`HMS_[A-Z0-9_]+`, )*`HMS_[A-Z0-9_]+`/gm),
].flatMap(([codes]) => [...codes.matchAll(/HMS_\w+/g)].map(([code]) => code))

describe.each(doors)('the %s', (what, port) => {
  it.each<[string, number, string]>([
    [`${'x'.repeat(40)}\r\n\r\n`, 400, 'HMS_HTTP_BAD_REQUEST'],
    [`GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`, 431, 'HMS_HTTP_HEADERS_TOO_LARGE'],
    ['GET / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n', 400, 'HMS_HTTP_BAD_REQUEST'],
  ])('returns a problem for bytes that are not a request, and closes', async (text, status, code) => {
    const answer = await send(port(), text)
    expect(answer).toMatchObject({ status, problem: { status, code, traceId: expect.stringMatching(/^[0-9a-f]{32}$/) as string } })
    expect(answer.headers).toContain('content-type: application/problem+json')
  })

  it('responds once, whatever follows a request', async () => {
    const { problem } = await send(
      port(),
      `POST /nowhere HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}GET / HTTP/1.1\r\n\r\njunk\r\n\r\n`,
    )
    expect(['HMS_HTTP_PATH_UNKNOWN', 'HMS_HTTP_METHOD']).toContain(problem.code)
  })

  it.each([
    '/%ZZ',
    '/v1/policies/%ZZ',
    '/v1/policies/%E0%A4%A',
    '/v1/policies/a%00b',
    '/v1/policies?x=%00',
    '//',
    '/nowhere',
    '/V1/policies',
    '/v1/policies/x'.padEnd(5_000, 'x'),
  ])('returns a problem for an unknown path: %s', async (path) => {
    const { status, headers, problem } = await ask(port(), path)
    expect([(status >= 400 && status < 500) || status === 503, status === problem.status]).toEqual([true, true])
    expect(headers).toContain('content-type: application/problem+json')
  })

  it('names what a path takes', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'POST']) {
      const { status, headers, problem } = await ask(port(), '/livez', method, 'content-length: 0')
      expect([method, status, problem.code]).toEqual([method, 405, 'HMS_HTTP_METHOD'])
      expect(headers).toMatch(/\r\nallow: get, head(, options)?\r\n/)
    }
  })

  it('has the page of its problems, and of every code', async () => {
    const base = `http://127.0.0.1:${port()}`
    const { problem } = await ask(port(), '/nowhere')
    const page = await fetch(base + new URL(problem.type, base).pathname)
    expect([what, page.status, await page.text()]).toEqual([what, 200, expect.stringContaining(problem.code) as string])
    for (const code of documented) expect([code, (await fetch(`${base}/docs/errors/${code}`)).status]).toEqual([code, 200])
    expect((await fetch(`${base}/docs/errors/HMS_NOT_A_CODE`)).status).toBe(404)
  })
})

describe('the services', () => {
  it('name the methods of a path with a parameter before they authenticate the caller', async () => {
    const port = Number(new URL(system.url).port)
    const allowed = async (path: string, method: string): Promise<unknown[]> => {
      const { status, headers } = await ask(port, path, method, 'content-length: 0')
      return [status, /\r\nallow: ([^\r]*)/.exec(headers)?.[1]]
    }
    expect(await allowed('/v1/policies/epa-pm25-limit', 'PUT')).toEqual([405, 'get, head, options'])
    expect(await allowed('/v1/policies/', 'DELETE')).toEqual([405, 'get, head, options'])
    expect(await allowed('/v1/rollbacks?x=1', 'GET')).toEqual([405, 'options, post'])
    expect(await allowed('/v1/bots', 'PUT')).toEqual([405, 'get, head, options, post'])
    expect(await allowed('/tile/0/000', 'POST')).toEqual([405, 'get, head, options'])
    expect(await allowed('/v1/policies', 'PROPFIND')).toEqual([405, 'get, head, options'])
    expect(await allowed('/nowhere', 'PUT')).toEqual([404, undefined])
  })

  it('describe themselves in templates that OpenAPI knows', async () => {
    const { paths } = (await (await fetch(`${system.url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { parameters?: { name: string; in: string }[] }>>
    }
    for (const [path, methods] of Object.entries(paths)) {
      expect(path).toMatch(/^(\/([A-Za-z0-9._-]+|\{[A-Za-z]+\}))+$/)
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      for (const { parameters = [] } of Object.values(methods))
        expect(parameters.filter((each) => each.in === 'path').map(({ name }) => name)).toEqual(named)
    }
    expect(Object.keys(paths)).toContain('/tile/{path}')
  })
})
