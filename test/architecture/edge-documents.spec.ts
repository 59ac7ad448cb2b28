import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SERVICES, TOPICS } from '#libs/contracts'
import { serveEdge } from '../../apps/edge/src/edge.js'

/** No service runs behind it: what the interfaces are does not hang on who is up. */
describe('the edge', () => {
  let edge: Awaited<ReturnType<typeof serveEdge>>
  beforeAll(async () => {
    edge = await serveEdge({ HMS_PORT: '0', HMS_LOG_LEVEL: 'silent' })
  })
  afterAll(() => edge.stop())

  const read = async (path: string): Promise<Record<string, object>> =>
    (await (await fetch(`http://127.0.0.1:${edge.port}${path}`)).json()) as Record<string, object>

  it('describes the routes of all services', async () => {
    const paths = Object.keys((await read('/openapi.json')).paths!)
    for (const path of [
      '/v1/approvals',
      '/v1/lint',
      '/v1/bots',
      '/v1/canaries/{run}',
      '/v1/rollbacks',
      '/v1/partners',
      '/v1/policies',
      '/checkpoint',
    ])
      expect(paths).toContain(path)
  })

  it('describes the topics of all services', async () => {
    expect(Object.keys((await read('/asyncapi.json')).channels!)).toHaveLength(TOPICS.length + SERVICES.length + 2)
  })

  it('serves the pages for people beside them, and never as a response of the API', async () => {
    const typeOf = async (path: string): Promise<string | null> =>
      (await fetch(`http://127.0.0.1:${edge.port}${path}`, { headers: { accept: 'text/html' } })).headers.get('content-type')
    expect(await typeOf('/status')).toBe('text/html; charset=utf-8')
    expect(await typeOf('/v1/runs')).toMatch(/json/)
  })
})
