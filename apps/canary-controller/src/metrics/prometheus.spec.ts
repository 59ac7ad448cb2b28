import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { Prometheus } from './prometheus.js'

const GATE = { name: 'errors', query: 'error_ratio < bool 0.05' }

let server: Server | undefined

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** Queries a server that responds like this; returns the sample of the gate. */
async function asked(answer: (response: ServerResponse, body: string) => void, answerMs = 2_000): Promise<unknown> {
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += String(chunk)))
    request.on('end', () => answer(response, `${request.method} ${request.url} ${body}`))
  })
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return (await new Prometheus(`http://127.0.0.1:${port}/`, answerMs).ask([GATE]))[0]
}

const vector = (...values: unknown[]): string =>
  JSON.stringify({ status: 'success', data: { resultType: 'vector', result: values.map((value) => ({ metric: {}, value: [1, value] })) } })
const problem = (text: RegExp): object => ({ name: 'errors', problem: expect.stringMatching(text) as string })

describe('a gate', () => {
  it.each([
    ['holds when its one series does', vector('1'), true],
    ['holds when all series do', vector('1', '1', '1'), true],
    ['fails when one series does', vector('1', '0', '1'), false],
    ['takes a scalar', JSON.stringify({ status: 'success', data: { resultType: 'scalar', result: [1, '0'] } }), false],
  ])('%s', async (_name, body, holds) => {
    expect(await asked((response) => response.end(body))).toEqual({ name: 'errors', holds })
  })

  it('is sent as a form with a timeout', async () => {
    let seen = ''
    await asked((response, request) => {
      seen = request
      response.end(vector('1'))
    })
    expect(seen).toBe('POST /api/v1/query query=error_ratio+%3C+bool+0.05&timeout=2000ms')
  })
})

describe('a gate has a problem instead of a verdict after', () => {
  it.each([
    ['no series', vector(), /^no data/],
    ['a value that is not 0 or 1', vector('0.03'), /0\.03 is neither 1 nor 0/],
    ['NaN', vector('NaN'), /NaN is neither/],
    ['a number instead of text', vector(1), /1 is neither 1 nor 0/],
    ['a sample without a value', JSON.stringify({ status: 'success', data: { resultType: 'vector', result: [{ value: [] }] } }), /neither/],
    ['too many series', vector(...Array.from({ length: 101 }, () => '1')), /^101 series/],
    ['a matrix', JSON.stringify({ status: 'success', data: { resultType: 'matrix', result: [] } }), /no vector and no scalar/],
    ['a failure with status 200', JSON.stringify({ status: 'error', data: { resultType: 'vector', result: [] } }), /no vector/],
    ['members of the prototype', JSON.stringify({ status: 'success', data: { __proto__: null } }), /no vector/],
    ['null', 'null', /no vector/],
    ['no JSON', '<html>', /JSON|token/],
    ['nothing', '', /JSON/],
  ])('%s', async (_name, body, text) => {
    expect(await asked((response) => response.end(body))).toEqual(problem(text))
  })

  it('an error status, with its text as one plain line', async () => {
    const answer = await asked((response) => response.writeHead(400).end(`bad\u001b[31m\n\u202equery ${'x'.repeat(5_000)}`))
    expect(answer).toEqual(problem(/^it answers 400: bad \[31m query x+$/))
    expect((answer as { problem: string }).problem.length).toBeLessThanOrEqual(200)
  })

  it('an error text cut within a surrogate pair, with a well-formed problem text', async () => {
    for (const before of ['', 'x']) {
      const answer = await asked((response) => response.writeHead(400).end(`${before}${'😀'.repeat(500)}`))
      expect((answer as { problem: string }).problem.isWellFormed()).toBe(true)
    }
  })

  it('a redirect', async () => {
    expect(await asked((response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end())).toEqual(problem(/./))
  })

  it('a response above the size limit', async () => {
    expect(await asked((response) => response.end(vector('1'.repeat(300 * 1024))))).toEqual(problem(/./))
  })

  it('no response within the timeout', async () => {
    expect(await asked(() => {}, 100)).toEqual(problem(/time/i))
  })

  it('a response that never ends', async () => {
    expect(await asked((response) => void response.write('{"status":'), 100)).toEqual(problem(/time|abort/i))
  })

  it('an unreachable URL, and without a configured URL', async () => {
    expect(await new Prometheus('http://127.0.0.1:1').ask([GATE])).toEqual([problem(/./)])
    expect(await new Prometheus(undefined).ask([GATE])).toEqual([problem(/HMS_CANARY_PROMETHEUS/)])
  })
})
