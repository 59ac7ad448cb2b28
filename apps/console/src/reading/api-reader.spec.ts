import { VirtualClock } from '#libs/platform/testing'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiReader } from './api-reader.js'

let server: Server
let answer: (response: ServerResponse) => void
let requests: { url: string; authorization: string | undefined }[]
let url: string

beforeEach(async () => {
  requests = []
  answer = (response) => response.end('[1]')
  server = createServer((request, response) => {
    requests.push({ url: request.url!, authorization: request.headers.authorization })
    answer(response)
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const clock = new VirtualClock()
const readerOf = (...urls: string[]) => new ApiReader({ urlsOf: () => urls, clock, deadlineMs: 30_000 })
/** Address without a listener. */
const deserted = async (): Promise<string> => {
  const other = createServer()
  await new Promise<void>((ready) => other.listen(0, '127.0.0.1', ready))
  const { port } = other.address() as AddressInfo
  await new Promise((closed) => other.close(closed))
  return `http://127.0.0.1:${port}`
}
const problem = (status: number, code: string) => (response: ServerResponse) =>
  response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify({ status, code, detail: 'why' }))

describe('reading the API', () => {
  it('sends the key of the caller, and shares a response only with callers of the same key', async () => {
    const reader = readerOf(url)
    await reader.as('Bearer a')('/v1/runs')
    await reader.as('Bearer a')('/v1/runs')
    await reader.as(undefined)('/v1/runs')
    expect(requests.map(({ authorization }) => authorization)).toEqual(['Bearer a', undefined])
  })

  it.each([
    [401, 'denied'],
    [403, 'denied'],
    [404, 'missing'],
    [400, 'missing'],
    [429, 'away'],
    [500, 'away'],
    [503, 'away'],
  ])('takes %d for %s', async (status, kind) => {
    answer = problem(status, 'HMS_TEST')
    expect(await readerOf(url).as(undefined)('/v1/runs')).toMatchObject({ kind })
  })

  it('takes a refusal of what was requested for no lack of a key', async () => {
    answer = problem(403, 'HMS_ROLLOUT_NOT_PREAPPROVED')
    expect(await readerOf(url).as(undefined)('/v1/rollbacks/preview')).toEqual({ kind: 'missing', detail: 'why' })
  })

  it('shares responses up to its memory limit, and drops the oldest first', async () => {
    answer = (response) => response.end(`"${'a'.repeat(8 * 1024 * 1024 - 2)}"`)
    const reader = readerOf(url)
    const read = async (page: number): Promise<string> => (await reader.as(undefined)(`/v1/audit/entries?after=${page}`)).kind
    for (const page of [1, 2, 3, 4, 5]) expect(await read(page)).toBe('loaded')
    expect([await read(5), await read(2), requests.length]).toEqual(['loaded', 'loaded', 5])
    expect([await read(1), requests.length]).toEqual(['loaded', 6])
  })

  it('requests from the next instance when one cannot be reached', async () => {
    expect(await readerOf(await deserted(), url).as(undefined)('/v1/runs')).toEqual({ kind: 'loaded', value: [1] })
  })

  it('names the service that is away, without its address', async () => {
    const away = await readerOf(await deserted()).as(undefined)('/v1/canaries/1')
    expect(away).toEqual({ kind: 'away', service: 'canary-controller', detail: 'cannot be reached (ECONNREFUSED)' })
  })

  it('sends a form to the next instance only if nothing reached the first', async () => {
    const send = (...urls: string[]) => readerOf(...urls).sendAs(undefined, '192.0.2.1')('/v1/approvals', {})
    expect(await send(await deserted(), url)).toEqual({ kind: 'taken', value: [1] })
    expect(requests).toHaveLength(1)
    answer = (response) => response.destroy()
    expect(await send(url, url)).toMatchObject({ kind: 'away', service: 'approver' })
    expect(requests).toHaveLength(2)
    expect(await send(await deserted())).toMatchObject({ detail: 'cannot be reached (ECONNREFUSED)' })
  })

  it('tells an impatient caller that nothing was said yet, and does not end the request', async () => {
    let finish = (): void => {}
    let isCut = false
    answer = (response) => {
      response.on('close', () => (isCut = !response.writableFinished))
      finish = () => void response.end('[1]')
    }
    const sent = readerOf(url).sendAs(undefined, '192.0.2.1')('/v1/simulations', {}, { deadlineMs: 30_000, patienceMs: 4_000 })
    await vi.waitUntil(() => requests.length === 1)
    clock.advanceTo(clock.elapsedMs() + 4_000)
    expect(await sent).toEqual({ kind: 'away', service: 'simulator', detail: 'did not respond within 4 s', isLate: true })
    expect(isCut).toBe(false)
    finish()
    const patient = readerOf(url).sendAs(undefined, '192.0.2.1')('/v1/simulations', {}, { deadlineMs: 30_000, patienceMs: 4_000 })
    await vi.waitUntil(() => requests.length === 2)
    finish()
    expect(await patient).toEqual({ kind: 'taken', value: [1] })
  })

  it('waits no longer than its deadline', async () => {
    answer = () => {}
    const reader = new ApiReader({ urlsOf: () => [url], clock, deadlineMs: 300 })
    expect(await reader.as(undefined)('/v1/runs')).toMatchObject({ kind: 'away', detail: 'did not respond within 0.3 s' })
  })

  it('accepts no response that is too large, is no JSON, or redirects', async () => {
    answer = (response) => response.end(Buffer.alloc(9 * 1024 * 1024, ' '))
    expect(await readerOf(url).as(undefined)('/v1/runs')).toMatchObject({ kind: 'away' })
    answer = (response) => response.end('<html>')
    expect(await readerOf(url).as(undefined)('/v1/runs')).toMatchObject({ detail: 'answered with something that is not JSON' })
    answer = (response) => response.writeHead(302, { location: url }).end()
    expect(await readerOf(url).as(undefined)('/v1/runs')).toMatchObject({ kind: 'away' })
  })

  it('cleans texts and names where they come in', async () => {
    answer = (response) => response.end(JSON.stringify({ 'a\u202eb': ['c\u001b', 'two\nlines'] }))
    expect(await readerOf(url).as(undefined)('/v1/runs')).toEqual({ kind: 'loaded', value: { 'a\\u{202e}b': ['c\\u{1b}', 'two\nlines'] } })
  })

  it('requests from the same service as the edge', async () => {
    const asked: string[] = []
    const reader = new ApiReader({
      clock,
      urlsOf: (service) => {
        asked.push(service)
        return [url]
      },
    })
    for (const path of ['/v1/runs/1', '/v1/policies/x', '/v1/audit/entries?run=1', '/v1/dead-letters/rollout', '/v1/topics'])
      await reader.as(undefined)(path)
    expect(asked).toEqual(['approver', 'config-store', 'audit', 'rollout', 'audit'])
  })
})
