import { VirtualClock } from '#libs/platform/testing'
import Fastify from 'fastify'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { ApiReader } from '../reading/api-reader.js'
import { addMailLinkForms } from './mail-link-forms.js'

const URLENCODED = { 'content-type': 'application/x-www-form-urlencoded' }
const MULTIPART = { 'content-type': 'multipart/form-data; boundary=x' }
const ONE_CLICK = 'List-Unsubscribe=One-Click'

async function post(
  status: number | undefined,
  headers: Record<string, string>,
  payload: string,
): Promise<{ answer: unknown[]; asked: string[] }> {
  const asked: string[] = []
  const notifier = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
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
  const { statusCode, headers: sent } = await server.inject({ method: 'POST', url: '/unsubscribe/abc', headers, payload })
  await server.close()
  notifier.close()
  notifier.closeAllConnections()
  return { answer: [statusCode, sent.location], asked }
}

describe('one click in a mail program', () => {
  it.each([
    [URLENCODED, ONE_CLICK],
    [MULTIPART, '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'],
  ])('is one request without a redirect, in either form', async (headers, body) => {
    expect(await post(200, headers, body)).toEqual({ answer: [200, undefined], asked: ['POST /v1/unsubscribes/abc'] })
  })

  it('reports an invalid link, and a request that changed nothing', async () => {
    expect((await post(404, URLENCODED, ONE_CLICK)).answer).toEqual([404, undefined])
    expect((await post(undefined, URLENCODED, ONE_CLICK)).answer).toEqual([503, undefined])
    expect((await post(200, URLENCODED, 'a'.repeat(5_000))).answer).toEqual([413, undefined])
  })
})

it('the button of the page leads back to the page', async () => {
  expect((await post(200, URLENCODED, 'page=yes')).answer).toEqual([303, '/unsubscribe/abc?pressed'])
})
