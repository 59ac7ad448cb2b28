import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { prepareApproval, signApproval, submitApproval } from '#libs/client'
import { MAX_EMAIL_ADDRESS, MAX_ID, MAX_POLICY_KEY, SERVICES, type DeliveryView, type OfrepBulk } from '#libs/contracts'
import { variableOf } from '#libs/process'
import { serveEdge } from '../../apps/edge/src/edge.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'
import { until } from '../support/processes.js'

/** The longest of each that is taken; fields whose characters take up to nine bytes of an address. */
const POLICY = 'p'.repeat(MAX_ID)
const PARTNER = 'q'.repeat(MAX_ID)
const DOMAIN = `${'d'.repeat(63)}.${'e'.repeat(63)}.example`
/** One less than is taken: the relay of this test goes by a bound of 253 for an address. */
const ADDRESS = `${'a'.repeat(64)}@${`${'c'.repeat(63)}.`.repeat(3)}`.slice(0, MAX_EMAIL_ADDRESS - 1)
const FIELDS = ['f'.repeat(MAX_POLICY_KEY), '排'.repeat(MAX_POLICY_KEY), 'a/b', 'a%2Fb', 'a b?c#d', '..', 'ü', '100%', 'x;y', '__proto__x']

let system: MemorySystem
let press: PipelineDriver
let relay: SMTPServer
let edge: Awaited<ReturnType<typeof serveEdge>>
let mail = ''
beforeAll(async () => {
  relay = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 10,
    onData: (stream, _session, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        mail = Buffer.concat(chunks).toString()
        done(null)
      })
    },
  })
  relay.on('error', () => {})
  relay.listen(0, '127.0.0.1')
  await once(relay.server, 'listening')
  const { port } = relay.server.address() as AddressInfo
  system = await startMemorySystem({
    HMS_NOTIFIER_SMTP_URL: `smtp://127.0.0.1:${port}`,
    HMS_NOTIFIER_MAIL_FROM: `agency@${DOMAIN}`,
    HMS_NOTIFIER_PUBLIC_URL: 'http://hms.example',
  })
  press = new PipelineDriver(system)
  const urls = Object.fromEntries(SERVICES.map((service) => [variableOf(service, 'URLS'), system.url]))
  edge = await serveEdge({ ...urls, HMS_PROFILE: 'dev', HMS_PORT: '0', HMS_LOG_LEVEL: 'silent' })
  await press.api.post('/v1/partners', { id: PARTNER, name: 'Virginia', channels: [{ email: { to: ADDRESS } }] })
  const policy = { id: POLICY, version: '1.0.0', effective: '2024-09-01T00:00:00Z', ...Object.fromEntries(FIELDS.map((name) => [name, 9])) }
  const plan = { share: 10_000, scope: 'region:NCR', observeMs: 0, bakeMs: 0 }
  const prepared = await prepareApproval(press.api, [policy], plan)
  const { run } = await submitApproval(press.api, prepared, await signApproval(prepared, system.signers.get('EPA Chief')!))
  await press.reaches(run!, 'SUCCEEDED')
  // Virtual time passes faster than the relay works: an attempt may have been given up, and the next one is due later.
  await until('the mail has arrived', async () => {
    if (mail === '') await system.runUntil(async () => false, 200).catch(() => {})
    return mail !== ''
  })
}, 120_000)
afterAll(async () => {
  await edge?.stop()
  await system?.stop()
  await new Promise<void>((resolve) => relay.close(() => resolve()))
})

const atEdge = (path: string): string => `http://127.0.0.1:${edge.port}${path}`
const html = { accept: 'text/html' }
const context = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"context":{"targetingKey":"any"}}' }

it('each flag that the list of all has is answered by its own key, at the service and through the edge', async () => {
  const { flags } = (await (await fetch(atEdge('/ofrep/v1/evaluate/flags'), context)).json()) as OfrepBulk
  const keys = flags.map(({ key }) => key)
  expect(keys.length).toBeGreaterThan(FIELDS.length)
  for (const base of [system.url, atEdge('')])
    for (const key of keys) {
      const answer = await fetch(`${base}/ofrep/v1/evaluate/flags/${encodeURIComponent(key)}`, context)
      expect([key, answer.status, await answer.json()]).toMatchObject([key, 200, { key }])
    }
})

it('the links of a mail lead to their pages, and the one-click answer counts', async () => {
  const text = mail
    .replaceAll('=\r\n', '')
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .replaceAll('=3D', '=')
  const links = [...text.matchAll(/http:\/\/hms\.example(\/[^\s<>"]*)/g)].map(([, path]) => path!)
  const unsubscribe = links.find((path) => path.startsWith('/unsubscribe/'))
  expect(unsubscribe?.length).toBeGreaterThan(400)
  for (const path of new Set(links)) expect([path, (await fetch(atEdge(path), { headers: html })).status]).toEqual([path, 200])
  const click = { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'List-Unsubscribe=One-Click' }
  expect((await fetch(atEdge(unsubscribe!), click)).status).toBe(200)
})

it('a delivery of the list is shown, on its page too, and can be sent again', async () => {
  const [delivery] = await press.api.get<DeliveryView[]>('/v1/deliveries')
  const id = encodeURIComponent(delivery!.id)
  expect(delivery!.id.length).toBeGreaterThan(2 * MAX_ID)
  await press.api.get(`/v1/deliveries/${id}`)
  const list = await (await fetch(atEdge('/partners'), { headers: html })).text()
  expect(list).toContain(`href="/deliveries/${id}"`)
  expect((await fetch(atEdge(`/deliveries/${id}`), { headers: html })).status).toBe(200)
  const again = press.api.post(`/v1/deliveries/${id}/redrive`, { reason: 'their relay is back' })
  expect(await again.catch(({ code }: { code: string }) => code)).not.toBe('HMS_HTTP_PATH_UNKNOWN')
})

it('the pages of a policy are found by its name', async () => {
  for (const path of [`/policies/${POLICY}`, `/policies/${POLICY}/rollback`, `/v1/policies/${POLICY}`, `/v1/policies/${POLICY}/history`])
    expect([path, (await fetch(atEdge(path), { headers: path.startsWith('/v1') ? {} : html })).status]).toEqual([path, 200])
})
