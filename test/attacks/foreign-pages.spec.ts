import { once } from 'node:events'
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveEdge } from '../../apps/edge/src/edge.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'

let system: MemorySystem
let production: MemorySystem
let edge: Awaited<ReturnType<typeof serveEdge>>
beforeAll(async () => {
  system = await startMemorySystem()
  production = await startMemorySystem({ HMS_PROFILE: 'production' })
  const port = new URL(system.url).port
  edge = await serveEdge({ HMS_PROFILE: 'dev', HMS_PORT: '0', HMS_LOG_LEVEL: 'silent', HMS_CONFIG_STORE_PORT: port })
})
afterAll(async () => {
  await edge.stop()
  await system.stop()
  await production.stop()
})

const doors: [string, () => number][] = [
  ['services', () => Number(new URL(system.url).port)],
  ['edge', () => edge.port],
]

async function ask(
  port: number,
  path: string,
  { method = 'GET', ...headers }: IncomingHttpHeaders & { method?: string } = {},
  body?: string,
): Promise<[number, unknown]> {
  const call = request({ port, host: '127.0.0.1', path, method, headers, agent: false })
  call.end(body)
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return [response.statusCode ?? 0, (JSON.parse(text) as { code?: string } | undefined)?.code]
}

describe.each(doors)('a page of another site that reaches the %s of a developer', (_what, port) => {
  it.each(['/v1/policies', '/livez', '/readyz', '/v1/coverage?policy=epa-pm25-limit', '/nowhere'])(
    'by a name of its own reads nothing: %s',
    async (path) => {
      for (const host of ['evil.example', '127.0.0.1.evil.example:80'])
        expect(await ask(port(), path, { host })).toEqual([403, 'HMS_HTTP_FOREIGN'])
    },
  )

  it('by the name of loopback reads and writes nothing', async () => {
    for (const origin of ['http://evil.example', 'null']) {
      expect(await ask(port(), '/v1/policies', { origin })).toEqual([403, 'HMS_HTTP_FOREIGN'])
      expect(await ask(port(), '/v1/alerts', { method: 'POST', origin, 'content-type': 'application/json' }, '{}')).toEqual([
        403,
        'HMS_HTTP_FOREIGN',
      ])
    }
  })

  it('is refused alone: a page or program of this machine is accepted', async () => {
    for (const headers of [{}, { origin: 'http://localhost:3000' }, { host: 'localhost:80' }])
      expect(await ask(port(), '/v1/policies', headers)).toEqual([200, undefined])
  })
})

it('production checks no host name, because it trusts no client for its address', async () => {
  expect(await ask(Number(new URL(production.url).port), '/livez', { host: 'hms.agency.gov' })).toEqual([200, undefined])
})
