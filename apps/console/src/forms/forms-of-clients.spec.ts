import { TrustedProxies } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import Fastify, { type FastifyInstance } from 'fastify'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { addConsole } from '../console.js'

let services: Server
let pages: FastifyInstance
let seen: unknown[]
beforeEach(async () => {
  seen = []
  services = createServer((request, response) => {
    // The header of the page that answers reads as every page does.
    if (request.method === 'POST') seen.push([request.url, request.headers['x-hms-client']])
    response.writeHead(400, { 'content-type': 'application/json' }).end('{}')
  })
  await once(services.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(services.address() as AddressInfo).port}`
  pages = Fastify()
  addConsole(pages, { urlsOf: () => [url], clock: new VirtualClock(), trusted: new TrustedProxies(['10.0.0.0/8']) })
})
afterEach(async () => {
  await pages.close()
  services.closeAllConnections()
  await once(services.close(), 'close')
})

/** Two people behind one proxy, who say of themselves what they like. */
it.each([
  ['/receipts/abc', '', '/v1/receipts/abc'],
  ['/unsubscribe/abc', '', '/v1/unsubscribes/abc'],
  ['/signatures', 'path=/v1/approvals', '/v1/approvals'],
  ['/approvals', 'text=a', '/v1/approvals/prepare'],
])('what the form of %s sends counts as the client that it came from', async (url, payload, path) => {
  for (const client of ['192.0.2.1', '192.0.2.2']) {
    const said = { 'x-forwarded-for': `203.0.113.5, ${client}`, 'x-hms-client': '203.0.113.5' }
    const headers = { ...said, 'content-type': 'application/x-www-form-urlencoded' }
    await pages.inject({ method: 'POST', url, headers, payload, remoteAddress: '10.1.2.3' })
  }
  expect([...new Set(seen.map((each) => JSON.stringify(each)))]).toEqual(
    ['192.0.2.1', '192.0.2.2'].map((client) => JSON.stringify([path, client])),
  )
})
