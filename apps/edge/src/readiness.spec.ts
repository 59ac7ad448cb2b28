import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { SERVICES } from '#libs/contracts'
import { serveEdge } from './edge.js'

const servers: Server[] = []
let edge: Awaited<ReturnType<typeof serveEdge>> | undefined
afterEach(async () => {
  await edge?.stop()
  for (const server of servers.splice(0)) server.close()
})

/** An instance whose `/readyz` has this status and entry. */
async function instance(service: string, status: 'up' | 'degraded' | 'down', entry: object): Promise<string> {
  const server = createServer((_request, response) => {
    response.statusCode = status === 'down' ? 503 : 200
    response.end(JSON.stringify({ status, services: [{ service, ...entry }] }))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function readyz(profile: string, urls: Record<string, string>): Promise<{ services: Record<string, string>; details: unknown[] }> {
  const closed = Object.fromEntries(SERVICES.map((name) => [`HMS_${name.toUpperCase().replaceAll('-', '_')}_URLS`, 'http://127.0.0.1:9']))
  edge = await serveEdge({ ...closed, ...urls, HMS_PROFILE: profile, HMS_PORT: '0', HMS_DATA_DIR: '/no/such/folder' })
  return (await (await fetch(`http://127.0.0.1:${edge.port}/readyz`)).json()) as Awaited<ReturnType<typeof readyz>>
}

const well = { database: 'up', migrations: 'current', broker: 'up', clockOffMs: 1 }

it.each([
  ['dev', ['alarm of one', 'alarm of two']],
  ['production', [expect.stringMatching(/^reports what only its own \/readyz names/)]],
])('reports what the best instance of each service reports; profile %s', async (profile, concerns) => {
  const { services, details } = await readyz(profile, {
    HMS_LINTER_URLS: await instance('linter', 'down', { ...well, database: 'down' }),
    HMS_AUDIT_URLS: [
      await instance('audit', 'degraded', { ...well, broker: 'degraded', concerns: ['alarm of one'] }),
      await instance('audit', 'degraded', { ...well, concerns: ['alarm of two', 'alarm of one'] }),
    ].join(','),
  })
  expect(services).toMatchObject({ linter: 'down', audit: 'degraded', rollout: 'down' })
  expect(details).toContainEqual({ service: 'linter', state: 'down', ...well, database: 'down' })
  expect(details).toContainEqual({ service: 'audit', state: 'degraded', ...well, broker: 'degraded', concerns })
  expect(details).toContainEqual({ service: 'rollout', state: 'down' })
})
