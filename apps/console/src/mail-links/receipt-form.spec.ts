import { VirtualClock } from '#libs/platform/testing'
import Fastify from 'fastify'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { ApiReader } from '../reading/api-reader.js'
import { addMailLinkForms } from './mail-link-forms.js'

const FORM = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '0' }

/** The form before a notifier that answers with `status`; none answers where it is `undefined`. */
async function press(status: number | undefined): Promise<{ answer: [number, unknown]; asked: string[] }> {
  const asked: string[] = []
  const notifier = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers['content-type']} for ${String(request.headers['x-hms-client'])}`)
    response.writeHead(status ?? 500, { 'content-type': 'application/json' }).end('{}')
  }).listen(0, '127.0.0.1')
  await once(notifier, 'listening')
  const url = status === undefined ? 'http://127.0.0.1:1' : `http://127.0.0.1:${(notifier.address() as AddressInfo).port}`
  const server = Fastify()
  server.setErrorHandler((error: { status?: number; statusCode?: number }, _request, reply) => {
    void reply.status(error.status ?? error.statusCode ?? 500).send()
  })
  const reader = new ApiReader({ urlsOf: () => [url], clock: new VirtualClock() })
  addMailLinkForms(server, () => reader.sendAs(undefined, '192.0.2.1'))
  const { statusCode, headers } = await server.inject({ method: 'POST', url: '/receipts/abc', headers: FORM })
  expect((await server.inject({ method: 'POST', url: '/', headers: FORM, payload: 'a=b' })).statusCode).toBe(404)
  await server.close()
  notifier.close()
  notifier.closeAllConnections()
  return { answer: [statusCode, headers.location], asked }
}

describe('the button of a receipt', () => {
  it.each([200, 401, 404])('sends one request to the notifier, and redirects to the page of the receipt: %i', async (status) => {
    const { answer, asked } = await press(status)
    expect([answer, asked]).toEqual([[303, '/receipts/abc?pressed'], ['POST /v1/receipts/abc application/json for 192.0.2.1']])
  })

  it.each([undefined, 503])('returns 503 when the notifier does not respond, or fails: %s', async (status) => {
    expect((await press(status)).answer).toEqual([503, undefined])
  })
})
