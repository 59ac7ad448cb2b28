import { VirtualClock } from '#libs/platform/testing'
import Fastify, { type FastifyInstance } from 'fastify'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addConsole } from './console.js'
import { PAGES } from './pages.js'

let server: FastifyInstance
beforeEach(async () => {
  server = Fastify()
  server.setErrorHandler((error: { status?: number; code?: string }, _request, reply) => {
    void reply.status(error.status ?? 500).send({ code: error.code })
  })
  // No service answers.
  addConsole(server, { urlsOf: () => ['http://127.0.0.1:1'], clock: new VirtualClock() })
  await server.listen({ host: '127.0.0.1', port: 0 })
})
afterEach(() => server.close())

const get = (url: string, accept = 'text/html') => server.inject({ url, headers: { accept } })
const addressOf = (path: string): string =>
  path
    .replace(':number', '7')
    .replace(':ticket', '1')
    .replace(':index', '3')
    .replace(':digest', `sha256:${'a'.repeat(64)}`)
    .replace('dead-letters/:id', 'dead-letters/7d0c1f9e-3b52-84aa-8a0b-5d2c9e61f0b4')
    .replace(':id', 'epa-pm25-limit')
    .replace(':folder/:group/:name', 'how-to/alerts/audit-log-halted')
    .replace(':folder/:name', 'how-to/deploy-kubernetes')
    .replace(':token', 'abc')
    .replace('/topics/:name', '/topics/hms.rollout.v1')
    .replace(':name', 'errors')

describe('the console', () => {
  it('leads from the earlier address of Fleet to the page, with its query', async () => {
    const { statusCode, headers } = await get('/bots?policy=epa-pm25-limit')
    expect([statusCode, headers.location]).toEqual([308, '/fleet?policy=epa-pm25-limit'])
  })

  it.each(PAGES.map(({ path }) => addressOf(path)))(
    '%s is a page also while no service answers, with its own headers and no cookie',
    async (path) => {
      const { statusCode, headers, body } = await get(path)
      expect([statusCode, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
      expect(headers['content-security-policy']).toMatch(/^default-src 'self'; .*frame-ancestors 'none'/)
      expect(headers['content-security-policy']).not.toMatch(/unsafe|\*/)
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['set-cookie']).toBeUndefined()
      expect(body).toMatch(/^<!doctype html>\n<html lang="en">/)
      expect(body).not.toMatch(/<style|style="|<script(?! src="\/console\/)| on[a-z]+="/)
      // A document may point elsewhere; nothing is loaded from there.
      for (const [, url] of body.matchAll(/<(?!a )[^>]* (?:src|href|action)="([^"#]*)"/g)) expect(url).toMatch(/^(\/(?!\/)|$)/)
    },
  )

  it.each(['/rnus', '/runs/7/nothing', '/console/nothing.css', '/policy?q=a'])('%s is a 404 page with a link to help', async (path) => {
    const { statusCode, headers, body } = await get(path, 'text/html,application/xhtml+xml,*/*;q=0.8')
    expect([statusCode, headers['content-type']]).toEqual([404, 'text/html; charset=utf-8'])
    expect(headers['content-security-policy']).toMatch(/^default-src 'self'/)
    expect(body).toContain('There is no page at this address')
    expect(body).toContain('<a href="/help"')
  })

  it('has the state of the installation on pages without an address of their own: the answers to forms, and 404', async () => {
    const post = (url: string, form: Record<string, string>) =>
      server.inject({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
        payload: new URLSearchParams(form).toString(),
      })
    const lift = { path: '/v1/freezes/a/lift', envelopes: '{"payload":"e30=","payloadType":"a","signatures":[{"keyid":"a","sig":"YQ=="}]}' }
    for (const { body } of [await get('/rnus'), await post('/approvals', {}), await post('/signatures', lift)]) {
      expect(body).toContain('id="system-state"')
      expect(body).toContain('id="holds"')
    }
  })

  it.each([
    ['/v1/rnus', 'text/html'],
    ['/v1', 'text/html'],
    ['/ofrep/v1/nothing', 'text/html'],
    ['/rnus', '*/*'],
    ['/rnus', 'application/json'],
  ])('%s for %s is no page', async (path, accept) => {
    const { statusCode, headers } = await get(path, accept)
    expect([statusCode, headers['content-type']]).toEqual([404, 'application/json; charset=utf-8'])
  })

  it('responds with a problem to programs that accept no page', async () => {
    const { statusCode, body } = await get('/runs', 'application/json')
    expect([statusCode, JSON.parse(body)]).toEqual([406, { code: 'HMS_HTTP_NOT_ACCEPTABLE' }])
  })

  it('serves its style and script for good under their hash, within their bounds', async () => {
    const { body } = await get('/')
    const [style] = /\/console\/console\.css\?v=\w+/.exec(body)!
    const [script] = /\/console\/console\.js\?v=\w+/.exec(body)!
    for (const [url, most] of [
      [style, 25 * 1024],
      [script, 45 * 1024],
    ] as const) {
      const { headers, rawPayload } = await get(url)
      expect(headers['cache-control']).toContain('immutable')
      expect(gzipSync(rawPayload).length).toBeLessThan(most)
    }
    expect((await get('/console/console.css?v=other')).headers['cache-control']).toBe('no-cache')
  })

  it('sends its own address along with forms, for a form from nowhere is refused', async () => {
    expect((await get('/approvals')).headers['referrer-policy']).toBe('same-origin')
  })

  it('refuses live updates of a page with a signature form', async () => {
    const page = encodeURIComponent(`/approvals/sha256:${'a'.repeat(64)}`)
    expect((await get(`/console/live?page=${page}`, 'text/event-stream')).statusCode).toBe(404)
  })

  it('has a style for less motion, for forced colours and for paper', () => {
    const style = readFileSync(new URL('../assets/console.css', import.meta.url), 'utf8')
    for (const rule of ['prefers-reduced-motion: no-preference', 'forced-colors: active', '@media print']) expect(style).toContain(rule)
    expect(style).not.toMatch(/@import|url\(|animation/)
  })

  it('refuses live updates of a page that does not change, with any query', async () => {
    const { port } = server.server.address() as { port: number }
    const follow = async (path: string): Promise<number> => {
      const response = await fetch(`http://127.0.0.1:${port}/console/live?page=${encodeURIComponent(`${path}?1`)}`)
      await response.body!.cancel()
      return response.status
    }
    const isStill = async (path: string): Promise<boolean> => !(await get(path)).body.includes('/console/console.js')
    for (const path of PAGES.map((page) => addressOf(page.path)))
      if (await isStill(path)) expect([path, await follow(path)]).toEqual([path, 404])
    expect(await follow('/docs/reference')).toBe(404)
  })

  it('sends a page that is followed, and knows no other', async () => {
    expect((await get('/console/live?page=/nowhere', 'text/event-stream')).statusCode).toBe(404)
    expect((await get(`/console/live?page=${encodeURIComponent('//evil.example/')}`, 'text/event-stream')).statusCode).toBe(404)
    const { port } = server.server.address() as { port: number }
    const response = await fetch(`http://127.0.0.1:${port}/console/live?page=${encodeURIComponent('/status?x=1')}`)
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    await response.body!.cancel()
  })
})
