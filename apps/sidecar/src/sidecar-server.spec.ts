import { once } from 'node:events'
import { request, type IncomingMessage, type RequestOptions } from 'node:http'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serveSample, type SampleSidecar } from './testing/serve-sample.js'

let sidecar: SampleSidecar
beforeEach(async () => {
  sidecar = await serveSample()
})
afterEach(() => sidecar.stop())

async function ask(
  path: string,
  options: RequestOptions = {},
  body?: string,
): Promise<{ status: number; headers: IncomingMessage['headers']; body: string }> {
  const call = request({ port: sidecar.port, host: '127.0.0.1', path, agent: false, ...options })
  call.end(body)
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return { status: response.statusCode ?? 0, headers: response.headers, body: text }
}
async function askRaw(...lines: string[]): Promise<string> {
  const socket = connect(sidecar.port, '127.0.0.1')
  socket.end([...lines, 'connection: close', '', ''].join('\r\n'))
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return text
}
const problemAt = async (...args: Parameters<typeof ask>): Promise<unknown[]> => {
  const { status, headers, body } = await ask(...args)
  return [status, headers['content-type'], (JSON.parse(body) as { code: string }).code]
}

describe('reads', () => {
  const view = {
    id: 'epa-pm25-limit',
    version: '1.5.0',
    revision: 4,
    source: 'live',
    scope: 'global',
    value: { id: 'epa-pm25-limit', version: '1.5.0', effective: '2024-09-01T00:00:00Z', limit: 35 },
    state: 'READY',
    ageMs: 0,
    trust: 'pinned',
  }

  it('return the policy as config-store does, with the age of the value', async () => {
    expect(JSON.parse((await ask('/v1/policies/epa-pm25-limit')).body)).toEqual(view)
    sidecar.values.ageMs = 2_500
    sidecar.values.setState('STALE')
    const { body, headers } = await ask('/v1/policies/')
    expect(JSON.parse(body)).toEqual([{ ...view, source: 'cache', state: 'STALE', ageMs: 2_500 }])
    expect([headers['age'], headers['hms-state']]).toEqual(['2', 'STALE'])
  })

  it.each(['ERROR', 'CLOSED'] as const)('report an old copy as STALE in the header, also in state %s', async (state) => {
    sidecar.values.state = state
    const flags = sidecar.flags.answer(undefined, { context: { targetingKey: 'bot-1' } })
    expect([(await ask('/v1/policies')).headers['hms-state'], flags.headers?.['hms-state']]).toEqual(['STALE', 'STALE'])
  })

  it.each(['/v1/policies', '/v1/policies/epa-pm25-limit'])('return 304 for %s until value or state change, with the age', async (path) => {
    const { etag = '' } = (await ask(path)).headers
    sidecar.values.ageMs = 9_000
    const again = await ask(path, { headers: { 'if-none-match': etag } })
    expect([again.status, again.body, again.headers['age'], again.headers.etag]).toEqual([304, '', '9', etag])
    sidecar.values.setState('STALE')
    const stale = await ask(path, { headers: { 'if-none-match': etag } })
    expect([stale.status, stale.headers.etag === etag]).toEqual([200, false])
    sidecar.values.setState('READY')
    sidecar.values.set({ 'epa-pm25-limit': '2.0.0' })
    expect((await ask(path, { headers: { 'if-none-match': etag } })).status).toBe(200)
  })

  it('report a policy that is not in force and a policy without a verified value as different errors', async () => {
    expect(await problemAt('/v1/policies/no-such-policy')).toEqual([404, 'application/problem+json', 'HMS_POLICY_NOT_FOUND'])
    sidecar.values.refused.set('ozone-limit', 'HMS_HEAD_NOT_APPROVED')
    expect(await problemAt('/v1/policies/ozone-limit')).toEqual([502, 'application/problem+json', 'HMS_HEAD_NOT_APPROVED'])
  })

  it('are refused for another bot or region than the side-car’s', async () => {
    expect((await ask('/v1/policies?bot=inspector-7&region=')).status).toBe(200)
    expect(await problemAt('/v1/policies?bot=inspector-8')).toEqual([400, 'application/problem+json', 'HMS_SIDECAR_READER'])
    expect(await problemAt('/v1/policies/epa-pm25-limit?region=VA')).toEqual([400, 'application/problem+json', 'HMS_SIDECAR_READER'])
  })

  it.each(['at=2026-01-01T00:00:00Z', 'known=2026-01-01T00:00:00Z', 'version=1.5.0'])(
    'are refused with %s, because the side-car has current values only',
    async (query) => {
      expect(await problemAt(`/v1/policies/epa-pm25-limit?${query}`)).toEqual([400, 'application/problem+json', 'HMS_SIDECAR_READER'])
    },
  )

  it('support HEAD', async () => {
    const [whole, head] = [await ask('/v1/policies'), await ask('/v1/policies', { method: 'HEAD' })]
    expect([head.status, head.body, head.headers.etag, head.headers['content-length']]).toEqual([
      200,
      '',
      whole.headers.etag,
      String(whole.body.length),
    ])
  })
})

describe('requests before routing', () => {
  it('are refused if sent by a page of another site', async () => {
    for (const origin of ['http://evil.example', 'null'])
      expect(await problemAt('/v1/policies', { headers: { origin } })).toEqual([403, 'application/problem+json', 'HMS_SIDECAR_HOST'])
    expect((await ask('/v1/policies', { headers: { origin: 'http://localhost:3000' } })).status).toBe(200)
  })

  it.each(['127.0.0.1:7185', 'localhost', 'LOCALHOST:80', '127.8.9.1', '[::1]:7185'])(
    'are accepted for the loopback host %s',
    async (host) => {
      expect((await ask('/livez', { headers: { host } })).status).toBe(200)
    },
  )

  it.each([
    'evil.example',
    'evil.example:7185',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'evil.example@127.0.0.1',
    '192.0.2.1',
    '[2001:db8::1]',
  ])('are refused for the host %s', async (host) => {
    for (const path of ['/v1/policies', '/v1/events', '/livez', '/metrics']) {
      expect(await problemAt(path, { headers: { host } })).toEqual([403, 'application/problem+json', 'HMS_SIDECAR_HOST'])
    }
  })

  it('are refused without a Host header', async () => {
    expect(await askRaw('GET /livez HTTP/1.0')).toMatch(/^HTTP\/1.1 403 /)
  })

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND'])('are refused with the method %s', async (method) => {
    const refused = await ask('/v1/policies', { method }, '{}')
    expect([refused.status, refused.headers['allow'], refused.headers['connection']]).toEqual([405, 'GET, HEAD', 'close'])
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'HMS_HTTP_METHOD', status: 405 })
  })

  it('are refused with a body', async () => {
    expect(await problemAt('/v1/policies', { headers: { 'content-length': 3 } }, '{ }')).toEqual([
      413,
      'application/problem+json',
      'HMS_HTTP_BODY_TOO_LARGE',
    ])
    expect(await problemAt('/v1/policies', { headers: { 'transfer-encoding': 'chunked' } }, '{ }')).toEqual([
      413,
      'application/problem+json',
      'HMS_HTTP_BODY_TOO_LARGE',
    ])
  })

  it('are refused with headers above the limit', async () => {
    expect((await ask('/livez', { headers: { padding: 'x'.repeat(9_000) } })).status).toBe(431)
  })

  it.each<[string, number, string]>([
    ['/v1/snapshot', 404, 'HMS_HTTP_PATH_UNKNOWN'],
    ['/v1/policies/a/b', 404, 'HMS_HTTP_PATH_UNKNOWN'],
    ['/v1/policies/%E0%A4%A', 400, 'HMS_HTTP_BAD_REQUEST'],
    ['//evil.example/v1/policies', 404, 'HMS_HTTP_PATH_UNKNOWN'],
    ['http://evil.example/v1/policies', 400, 'HMS_HTTP_BAD_REQUEST'],
    ['/v1/policies/__proto__', 404, 'HMS_POLICY_NOT_FOUND'],
  ])('are refused for the target %s', async (path, status, code) => {
    const text = await askRaw(`GET ${path} HTTP/1.1`, 'host: localhost')
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(text).toContain(code)
  })
})

describe('the probes', () => {
  it('report ready while there is a verified value', async () => {
    const ready = async (): Promise<unknown> => {
      const { status, body } = await ask('/readyz')
      return [status, JSON.parse(body)]
    }
    expect(await ready()).toEqual([200, { status: 'up', state: 'READY', revision: 4, policies: 1 }])
    sidecar.values.setState('STALE')
    expect(await ready()).toEqual([200, { status: 'degraded', state: 'STALE', revision: 4, policies: 1 }])
    sidecar.values.set({ 'epa-pm25-limit': null })
    expect(await ready()).toEqual([503, { status: 'down', state: 'STALE', revision: 5, policies: 0 }])
    expect((await ask('/livez')).status).toBe(200)
  })

  it('include metrics', async () => {
    sidecar.values.ageMs = 1_500
    const { body, headers } = await ask('/metrics')
    expect(headers['content-type']).toContain('text/plain')
    for (const line of ['ready 1', 'revision 4', 'policies 1', 'age_seconds 1.5', 'subscribers 0', 'files_failing 0'])
      expect(body).toContain(`\nhms_svc_sidecar_${line}\n`)
  })
})
