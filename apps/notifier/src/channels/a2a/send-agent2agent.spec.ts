import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Agent2AgentChannel } from '../../partners/channel.js'
import type { Attempt, Outcome } from '../channel-sender.js'
import { sampleAttempt } from '../sample-attempt.suite.js'
import { Agent2AgentSender } from './send-agent2agent.js'

const SECRET = 'a-secret-of-enough-length'
const never = new AbortController().signal
const BODY = '{"type":"policy.updated","timestamp":"2026-01-01T00:00:00Z","data":{"intent":"policy-update","id":"ozone"}}'

interface Seen {
  path: string
  method: string
  authorization: string | undefined
  call: { id: string; method: string; params: { message: { messageId: string; parts: { kind: string; data: object }[] } } } | undefined
}

let server: Server
let base: string
let seen: Seen[]
/** What the agent answers: its card, and the result of a call. */
let card: () => object | string
let answer: (call: Seen['call'] & object) => object | string
let status: number

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

beforeEach(async () => {
  seen = []
  status = 200
  card = () => ({ protocolVersion: '0.3.0', name: 'Air board', url: `${base}/rpc`, preferredTransport: 'JSONRPC' })
  answer = ({ id }) => ({ jsonrpc: '2.0', id, result: { kind: 'message', role: 'agent', messageId: 'm', parts: [] } })
  server = createServer(async (request, response) => {
    const text = await bodyOf(request)
    const call = text === '' ? undefined : (JSON.parse(text) as NonNullable<Seen['call']>)
    seen.push({ path: request.url!, method: request.method!, authorization: request.headers.authorization, call })
    const said = call === undefined ? card() : answer(call)
    response.writeHead(call === undefined ? 200 : status, { 'content-type': 'application/json' })
    response.end(typeof said === 'string' ? said : JSON.stringify(said))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/agent`
})
afterEach(async () => {
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
})

function send(more: Partial<Attempt<Agent2AgentChannel>> = {}, deadlineMs?: number): Promise<Outcome> {
  const sender = new Agent2AgentSender({ deployment: { profile: 'dev', networks: ['127.0.0.0/8'] }, ...(deadlineMs && { deadlineMs }) })
  const channel: Agent2AgentChannel = { kind: 'agent2agent', url: base, secret: SECRET }
  return sender.send(sampleAttempt(channel, { networks: ['127.0.0.0/8'], body: Buffer.from(BODY), ...more }), never)
}
const task = (state: string) => ({ kind: 'task', id: 't', contextId: 'c', status: { state } })
const result = (value: object) => () => (answer = ({ id }) => ({ jsonrpc: '2.0', id, result: value }))
const error = (code: number) => () => (answer = ({ id }) => ({ jsonrpc: '2.0', id, error: { code, message: 'no' } }))

describe('Agent2AgentSender', () => {
  it('reads the card, and sends the message as a data part under the id of the message, with the token for that call alone', async () => {
    expect(await send()).toMatchObject({ kind: 'delivered', status: 200, address: '127.0.0.1' })
    const [ofCard, ofCall] = seen
    expect(ofCard).toMatchObject({ path: '/agent/.well-known/agent-card.json', method: 'GET', authorization: undefined })
    expect(ofCall).toMatchObject({ path: '/agent/rpc', method: 'POST', authorization: `Bearer ${SECRET}` })
    const { message } = ofCall!.call!.params
    expect(ofCall!.call!.params).toMatchObject({ configuration: { blocking: false } })
    expect(ofCall!.call).toMatchObject({ jsonrpc: '2.0', method: 'message/send', id: message.messageId })
    expect(message).toMatchObject({
      kind: 'message',
      role: 'user',
      messageId: 'msg_1',
      parts: [{ kind: 'data', data: JSON.parse(BODY) as object }],
    })
  })

  it.each([
    ['a task that completed', result(task('completed')), 'delivered', 'task completed'],
    ['a task at work', result(task('working')), 'working', 'task working'],
    ['a task at work without an id', result({ ...task('working'), id: 'a\0b' }), 'retry', 'task working'],
    ['a task that failed', result(task('failed')), 'retry', 'task failed'],
    ['a task that the agent rejected', result(task('rejected')), 'rejected', 'task rejected'],
    ['a task that wants input', result(task('input-required')), 'rejected', 'task input-required'],
    ['an unknown state', result(task('dreaming')), 'retry', 'task dreaming'],
    ['a result that is neither', result({ kind: 'else' }), 'retry', 'the result is neither a message nor a task'],
    ['an unknown method', error(-32601), 'rejected', 'JSON-RPC error -32601: no'],
    ['an internal error', error(-32603), 'retry', 'JSON-RPC error -32603: no'],
    ['another id', () => (answer = () => ({ jsonrpc: '2.0', id: 'else', result: task('completed') })), 'retry', /no JSON-RPC response/],
    ['no JSON', () => (answer = () => '<html>'), 'retry', /no JSON-RPC response/],
    ['a status 503', () => void (status = 503), 'retry', 'answered 503'],
    ['a status 410', () => void (status = 410), 'gone', 'answered 410 Gone'],
    ['a redirect', () => void (status = 307), 'retry', /redirects are not followed/],
  ])('judges %s', async (_name, prepare, kind, detail) => {
    prepare()
    const outcome = await send()
    expect(outcome.kind).toBe(kind)
    expect(outcome.detail).toMatch(detail)
  })

  it('polls the task of an earlier attempt instead of sending the message again', async () => {
    result(task('submitted'))()
    expect(await send()).toMatchObject({ kind: 'working', task: 't' })
    result(task('working'))()
    expect(await send({ task: 't' })).toMatchObject({ kind: 'working', task: 't' })
    expect(seen.at(-1)).toMatchObject({ path: '/agent/rpc', authorization: `Bearer ${SECRET}` })
    expect(seen.at(-1)!.call).toEqual({ jsonrpc: '2.0', id: 'msg_1', method: 'tasks/get', params: { id: 't', historyLength: 0 } })
    result(task('completed'))()
    expect(await send({ task: 't' })).toMatchObject({ kind: 'delivered', detail: 'task completed' })
    expect(seen.filter(({ call }) => call?.method === 'message/send')).toHaveLength(1)
  })

  it('keeps the task after an answer that does not end it, so that no other attempt sends the message again', async () => {
    const answers = [
      error(-32603),
      error(-32601),
      () => (answer = () => '<html>'),
      result(task('input-required')),
      result(task('rejected')),
    ]
    for (const prepare of answers) {
      prepare()
      expect((await send({ task: 't' })).task).toBe('t')
    }
  })

  it('reports a text that PostgreSQL stores, also half of a surrogate pair', async () => {
    const message = { parts: [{ kind: 'text', text: 'x'.repeat(197) + '\u{1F600}' }] }
    result({ ...task('rejected'), status: { state: 'rejected', message } })()
    expect((await send()).detail).toMatch(/x\uFFFD$/)
  })

  it('keeps the task while the agent cannot be reached, and forgets it once the agent does not know it or it failed', async () => {
    status = 503
    expect(await send({ task: 't' })).toMatchObject({ kind: 'retry', task: 't' })
    status = 200
    for (const prepare of [error(-32001), result(task('failed'))]) {
      prepare()
      const outcome = await send({ task: 't' })
      expect([outcome.kind, outcome.task]).toEqual(['retry', undefined])
    }
    card = () => '[]'
    expect(await send({ task: 't' })).toMatchObject({ kind: 'rejected', task: 't' })
  })

  it('reports the reason of the agent', async () => {
    const message = {
      kind: 'message',
      parts: [
        { kind: 'data', data: {} },
        { kind: 'text', text: 'unknown\0policy' },
      ],
    }
    result({ ...task('rejected'), status: { state: 'rejected', message } })()
    expect(await send({ task: 't' })).toMatchObject({ kind: 'rejected', detail: 'task rejected: unknown\uFFFDpolicy' })
  })

  it('reads an answer that is longer than the evidence that is kept', async () => {
    result({ ...task('completed'), history: ['x'.repeat(100_000)] })()
    const outcome = await send()
    expect([outcome.kind, outcome.reply!.length]).toEqual(['delivered', 4_096])
  })

  it.each([
    ['of another origin', () => ({ url: 'http://127.0.0.1:9/rpc' }), /register the address of that agent/],
    ['of another version', () => ({ url: `${base}/rpc`, protocolVersion: '1.0' }), /speaks version 1\.0/],
    ['without JSON-RPC', () => ({ url: `${base}/rpc`, preferredTransport: 'GRPC' }), /no address for JSONRPC/],
    ['that is no object', () => '[]', /not a JSON object/],
  ])('calls no agent by a card %s', async (_name, given, detail) => {
    card = given
    expect(await send()).toMatchObject({ kind: 'rejected', detail: expect.stringMatching(detail) })
    expect(seen).toHaveLength(1)
  })

  it('takes the JSON-RPC address beside a preferred transport of another kind', async () => {
    card = () => ({
      url: `${base}/grpc`,
      preferredTransport: 'GRPC',
      additionalInterfaces: [{ url: `${base}/other`, transport: 'JSONRPC' }],
    })
    expect(await send()).toMatchObject({ kind: 'delivered' })
    expect(seen[1]!.path).toBe('/agent/other')
  })

  it('refuses addresses that the partner may not have, and ends in time', async () => {
    expect(await send({ networks: [] })).toMatchObject({ kind: 'refused' })
    expect(seen).toEqual([])
    server.removeAllListeners('request')
    expect(await send({}, 200)).toMatchObject({ kind: 'retry', timedOut: true })
  })
})
