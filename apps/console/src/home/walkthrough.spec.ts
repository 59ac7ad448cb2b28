import { SERVICES } from '#libs/contracts'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addConsole } from '../console.js'
import { shown } from '../testing/shown.js'
import { homePage } from './home-page.js'

const STEPS = [
  { name: 'sign', commands: ['npx hms-svc approve pm25.yaml'], output: '✓ Signed <b>' },
  { name: 'canary', commands: ['npx hms-svc runs watch 2'], href: '/runs/2' },
  { name: 'back', commands: [], why: '1.5.0 is in force.' },
]
const EMPTY = [
  '/v1/policies',
  '/v1/runs?open=yes',
  '/v1/runs',
  '/v1/approvals?state=open',
  '/v1/tickets?state=OPEN',
  '/v1/tickets',
  '/v1/freezes',
]
const answers = Object.fromEntries(
  [...EMPTY, ...SERVICES.map((service) => `/v1/dead-letters/${service}?state=waiting&limit=200`)].map((path) => [path, []]),
)

describe('Overview of the demo', () => {
  it('has a button and a command per step, as plain forms, and the reason where a button is disabled', async () => {
    const { html } = await shown(homePage, { answers, walkthrough: { steps: async () => STEPS } })
    expect(html.indexOf('What needs a person')).toBeLessThan(html.indexOf('The demo, step by step'))
    expect(html).toContain('<form method="post" action="/walkthrough/sign"><button class="usa-button" type="submit" aria-')
    expect(html).toContain('<code class="command">npx hms-svc approve pm25.yaml</code>')
    expect(html).toContain('<pre>✓ Signed &lt;b></pre>')
    expect(html).toContain('<form method="get" action="/runs/2"><button class="usa-button" type="submit" aria-')
    expect(html).toMatch(/<button [^>]*disabled[^>]*>Take it back<\/button>.*1\.5\.0 is in force\./)
  })

  it('is there without the steps if the services cannot be read, and has none elsewhere', async () => {
    const { status, html } = await shown(homePage, { answers, walkthrough: { steps: () => Promise.reject(new Error('away')) } })
    expect([status, html.includes('<button class="usa-button" type="submit"')]).toEqual([200, false])
    expect((await shown(homePage, { answers })).html).not.toContain('walkthrough')
  })
})

describe('a button of the demo', () => {
  let server: FastifyInstance
  let pressed: string[]
  const walkthrough = { steps: async () => STEPS, press: async (name: string) => void pressed.push(name) }
  const start = (more: object): void => addConsole(server, { urlsOf: () => ['http://127.0.0.1:1'], ...more })

  beforeEach(() => {
    pressed = []
    server = Fastify()
  })
  afterEach(() => server.close())

  async function press(headers: Record<string, string> = {}, remoteAddress = '127.0.0.1'): Promise<number> {
    const form = { 'content-type': 'application/x-www-form-urlencoded', host: '127.0.0.1:7184' }
    const sent = await server.inject({
      method: 'POST',
      url: '/walkthrough/sign',
      headers: { ...form, ...headers },
      payload: '',
      remoteAddress,
    })
    if (sent.statusCode === 303) expect(sent.headers.location).toBe('/')
    return sent.statusCode
  }

  it('does its step for a page of this console, and returns to Overview', async () => {
    start({ environment: 'dev', walkthrough })
    expect(await press({ 'sec-fetch-site': 'same-origin' })).toBe(303)
    expect(await press({ origin: 'http://127.0.0.1:7184' }, '::ffff:127.0.0.1')).toBe(303)
    expect(pressed).toEqual(['sign', 'sign'])
  })

  it('does nothing for a page of another site, for another name of this machine, and for another machine', async () => {
    start({ environment: 'dev', walkthrough })
    expect(await press({ 'sec-fetch-site': 'cross-site' })).not.toBe(303)
    expect(await press({ host: 'evil.example', origin: 'http://evil.example' })).not.toBe(303)
    expect(await press({}, '192.0.2.1')).not.toBe(303)
    expect(pressed).toEqual([])
  })

  it.each(['production', undefined])('cannot be enabled in profile %s', (environment) => {
    expect(() => start({ environment, walkthrough })).toThrow('profile dev only')
  })

  it('does not exist beside dev', async () => {
    start({ environment: 'dev' })
    expect(await press()).toBe(404)
  })
})
