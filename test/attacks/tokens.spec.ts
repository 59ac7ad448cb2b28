import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { bearer, connect, prepareApproval, signApproval, signedBy } from '#libs/client'
import {
  SERVICES,
  type EventData,
  type IssuedToken,
  type OfrepFailure,
  type OutgoingEvent,
  type Problem,
  type ServiceName,
  type TokenRequest,
  type TokenView,
} from '#libs/contracts'
import { MemoryBus } from '#libs/messaging/testing'
import { parsePolicy } from '#libs/policy'
import { generateKeyPair, localSigner, mintToken, signRequest, type Signer } from '#libs/signing'
import { TOKENS } from '#libs/service'
import { LooseApi } from '../support/loose-api.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'

class RecordingBus extends MemoryBus {
  readonly sent: OutgoingEvent[] = []
  override publish(events: readonly OutgoingEvent[]): ReturnType<MemoryBus['publish']> {
    this.sent.push(...events)
    return super.publish(events)
  }
}

let system: MemorySystem
const bus = new RecordingBus()
beforeAll(async () => {
  system = await startMemorySystem({ HMS_PROFILE: 'production' }, bus)
})
afterAll(() => system.stop())

const operator = (): LooseApi => as(system.operator)
const as = (signer: Signer): LooseApi =>
  new LooseApi({ url: system.url, authorize: signedBy(signer, system.roster.installation, () => system.clock.now()) })
const by = (token: string): LooseApi => new LooseApi({ url: system.url, authorize: bearer(token) })
const make = (...scopes: string[]): Promise<IssuedToken> => operator().post('/v1/tokens', { scopes } satisfies TokenRequest)
const revoke = (id: string): Promise<TokenView> => operator().post(`/v1/tokens/${id}/revoke`, {})
const told = (answer: Problem | OfrepFailure): { code: string } => ('metadata' in answer ? answer.metadata : answer)
const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'accepted',
    (error: { status: number; code: string }) => `${error.status} ${error.code}`,
  )

describe('in production', () => {
  it('every route but the public ones refuses an anonymous client', async () => {
    const { paths } = (await (await fetch(`${system.url}/openapi.json`)).json()) as { paths: Record<string, Record<string, unknown>> }
    const open: string[] = []
    for (const [path, methods] of Object.entries(paths)) {
      for (const method of Object.keys(methods).map((name) => name.toUpperCase())) {
        const url = system.url + path.replaceAll(/\{\w+\}|\*/g, 'x')
        const headers = { 'content-type': 'application/json' }
        const response = await fetch(url, { method, headers, body: method === 'GET' ? undefined : '{}' })
        const { code } = response.status === 401 ? told((await response.json()) as Problem | OfrepFailure) : { code: '' }
        if (response.status !== 401) open.push(`${method} ${path}`)
        else expect(code, path).toBe('HMS_AUTH_REQUIRED')
        await response.body?.cancel().catch(() => {})
      }
    }
    expect(open.toSorted()).toEqual([
      'GET /asyncapi.json',
      'GET /checkpoint',
      'GET /docs/errors/{code}',
      'GET /livez',
      'GET /metrics',
      'GET /openapi.json',
      'GET /readyz',
      'GET /tile/{path}',
      'GET /v1/audit/attestations',
      'GET /v1/audit/proofs',
      'GET /v1/audit/proofs/{digest}',
      'GET /v1/audit/releases',
      'GET /v1/audit/windows/{event}',
      'GET /v1/receipts/{token}',
      'GET /v1/roster',
      'GET /v1/unsubscribes/{token}',
      'GET /v1/webhook-keys',
      'POST /v1/approvals',
      'POST /v1/approvals/{digest}/decisions',
      'POST /v1/break-glass',
      'POST /v1/dead-letters/{service}/{id}/decisions',
      'POST /v1/freezes',
      'POST /v1/freezes/{id}/lift',
      'POST /v1/freshness',
      'POST /v1/heads',
      'POST /v1/receipts/{token}',
      'POST /v1/roster/proposals/{digest}/signatures',
      'POST /v1/runs/{number}/decisions',
      'POST /v1/tickets/{number}/decisions',
      'POST /v1/unsubscribes/{token}',
      'POST /v1/withdrawals',
    ])
  })

  it.each([
    ['read', ['200', '200', '200', '403 HMS_AUTH_SCOPE']],
    ['operate', ['200', '200', '200', '404']],
    ['bot:a', ['403 HMS_AUTH_SCOPE', '403 HMS_AUTH_SCOPE', '200', '403 HMS_AUTH_SCOPE']],
    ['partner:a', ['403 HMS_AUTH_SCOPE', '403 HMS_AUTH_SCOPE', '200', '403 HMS_AUTH_SCOPE']],
  ])('a key that may %s reads runs, topics and values, and rolls back: %j', async (scope, expected) => {
    const api = by((await make(scope)).token)
    const answers = await Promise.all([
      refusal(api.get('/v1/runs')),
      refusal(api.get('/v1/topics')),
      refusal(api.get('/v1/policies')),
      refusal(api.post('/v1/rollbacks', { policy: 'pm25', version: '1.0.0' })),
    ])
    expect(answers.map((answer) => (answer === 'accepted' ? '200' : answer.startsWith('404') ? '404' : answer))).toEqual(expected)
  })
})

describe('a request signed by a service in production', () => {
  const get = async (service: ServiceName, path: string): Promise<string> => {
    const request = { audience: system.roster.installation, method: 'GET', path, body: Buffer.alloc(0), at: system.clock.now() }
    const response = await fetch(system.url + path, { headers: { authorization: await signRequest(system.signerOf(service), request) } })
    return response.ok ? '200' : `${response.status} ${told((await response.json()) as Problem).code}`
  }

  it('reads heads where approver signed it, and nothing else', async () => {
    expect(await get('approver', '/v1/snapshot?policies=pm25')).toBe('200')
    for (const path of ['/v1/policies', '/v1/policies/pm25', '/v1/history', '/v1/runs', '/v1/tokens'])
      expect(await get('approver', path), path).toBe('401 HMS_AUTH_INVALID')
  })

  it('reads the history where audit signed it, and nothing else', async () => {
    expect(await get('audit', '/v1/history')).toBe('200')
    for (const path of ['/v1/policies', '/v1/snapshot', '/v1/audit/entries', '/v1/runs', '/v1/tokens'])
      expect(await get('audit', path), path).toBe('401 HMS_AUTH_INVALID')
  })

  it('reads the schemas where config-store signed it, and nothing else', async () => {
    expect(await get('config-store', '/v1/schemas')).toBe('200')
    for (const path of ['/v1/policies', '/v1/history', '/v1/bots', '/v1/runs', '/v1/tokens'])
      expect(await get('config-store', path), path).toBe('401 HMS_AUTH_INVALID')
  })

  it.each(SERVICES.filter((service) => service !== 'approver'))('reads nothing where %s signed it', async (service) => {
    expect(await get(service, '/v1/snapshot?policies=pm25')).toBe('401 HMS_AUTH_INVALID')
  })
})

describe('a key that', () => {
  it('was issued is in the response alone: not in the list, not in a table, not in an event', async () => {
    const { token, id, ...rest } = await make('bot:a')
    expect(rest).toMatchObject({ name: id, scopes: ['bot:a'], createdBy: 'operator', revokedAt: null })
    await system.settle()
    const secret = token.slice(-43)
    expect(JSON.stringify(await operator().get('/v1/tokens'))).not.toMatch(new RegExp(`${secret}|sha256:`))
    const tables = await Promise.all(
      [...system.host.runtimes.values()].map(({ database }) => database.autocommit((tx) => tx.documents(TOKENS).get(id))),
    )
    expect(tables.map((record) => record?.id)).toEqual(tables.map(() => id))
    const events = bus.sent.filter(({ key }) => key === id)
    expect(JSON.stringify([tables, events.map(({ value }) => predicateOf(value!))])).not.toContain(secret)
    expect(events.map(({ topic, type }) => [topic, type])).toEqual([['hms.token.v1', 'hms.token.issued.v1']])
  })

  it('was revoked counts nowhere, and its record stays', async () => {
    const { token, id } = await make('operate')
    expect(await refusal(by(token).get('/v1/runs'))).toBe('accepted')
    const { revokedAt, revokedBy } = await revoke(id)
    expect([revokedAt, revokedBy]).toEqual([expect.any(String), 'operator'])
    expect(await revoke(id)).toMatchObject({ revokedAt })
    expect(await refusal(by(token).get('/v1/runs'))).toBe('401 HMS_AUTH_TOKEN_REVOKED')
    expect(await refusal(by(token).post('/v1/rollbacks', {}))).toBe('401 HMS_AUTH_TOKEN_REVOKED')
    await system.settle()
    for (const { database } of system.host.runtimes.values()) {
      expect(await database.autocommit((tx) => tx.documents(TOKENS).get(id))).toMatchObject({ revokedAt })
    }
    expect((await operator().get<TokenView[]>('/v1/tokens')).find((entry) => entry.id === id)).toMatchObject({ revokedAt })
    const events = bus.sent.filter(({ key }) => key === id).map(({ value }) => predicateOf(value!))
    expect(events.at(-1)?.token).toMatchObject({ id, scopes: ['operate'], revokedAt })
    expect(events).toHaveLength(2)
  })

  it('expired counts nowhere', async () => {
    const { token } = await operator().post<IssuedToken>('/v1/tokens', { scopes: ['read'], expiresInMs: 60_000 })
    expect(await refusal(by(token).get('/v1/runs'))).toBe('accepted')
    system.clock.advanceTo(system.clock.now().getTime() + 60_000)
    expect(await refusal(by(token).get('/v1/runs'))).toBe('401 HMS_AUTH_TOKEN_EXPIRED')
  })

  it.each([
    ['no scope', { scopes: [] }],
    ['an unknown scope', { scopes: ['admin'] }],
    ['a scope twice', { scopes: ['read', 'read'] }],
    ['a life of ten years', { scopes: ['read'], expiresInMs: 315_360_000_000 }],
    ['no life', { scopes: ['read'], expiresInMs: 0 }],
    ['a name of two lines', { scopes: ['read'], name: 'a\nb' }],
  ])('would have %s is not made', async (_what, request) => {
    expect(await refusal(operator().post('/v1/tokens', request))).toBe('400 HMS_HTTP_BODY_INVALID')
  })

  it('operates makes and revokes no key', async () => {
    const { token, id } = await make('operate')
    expect(await refusal(by(token).post('/v1/tokens', { scopes: ['operate'] }))).toBe('403 HMS_AUTH_STATEMENT_REQUIRED')
    expect(await refusal(by(token).post(`/v1/tokens/${id}/revoke`, {}))).toBe('403 HMS_AUTH_STATEMENT_REQUIRED')
    expect(await refusal(as(localSigner(generateKeyPair().privateKey)).post('/v1/tokens', { scopes: ['read'] }))).toBe(
      '401 HMS_AUTH_INVALID',
    )
    expect(await refusal(as(system.signers.get('EPA Chief')!).post('/v1/tokens', { scopes: ['read'] }))).toBe('accepted')
  })
})

describe('approving takes statements alone', () => {
  const prepared = async (api: LooseApi, version: string) => {
    const parsed = parsePolicy(`id: pm25\nversion: ${version}\neffective: 2024-09-01T00:00:00Z\nlimit: 35\n`, 'pm25.yaml')
    if (!parsed.ok) throw new Error('no policy')
    return prepareApproval(api, [parsed.source.policy], {}, {})
  }

  it('a bot key that approves is refused twice: it may not prepare, and what it sends is no signature', async () => {
    const bot = by((await make('bot:a')).token)
    expect(await refusal(prepared(bot, '1.0.0'))).toBe('403 HMS_AUTH_SCOPE')
    expect(await refusal(prepared(by((await make('read')).token), '1.0.0'))).toBe('403 HMS_AUTH_SCOPE')
    const { digest, releases } = await prepared(by((await make('operate')).token), '1.0.0')
    const signature = { release: releases[0]!.digest, keyid: 'SHA256:nobody', sig: Buffer.alloc(64).toString('base64') }
    expect(await refusal(bot.post('/v1/approvals', { digest, signatures: [signature] }))).toBe('403 HMS_APPROVER_SIGNER_UNKNOWN')
    expect(await refusal(by((await make('operate')).token).post('/v1/approvals', { digest, signatures: [signature] }))).toBe(
      '403 HMS_APPROVER_SIGNER_UNKNOWN',
    )
  })

  it('an operator key that signs is no approver', async () => {
    const approval = await prepared(operator(), '1.1.0')
    const signatures = await signApproval(approval, system.operator)
    expect(await refusal(operator().post('/v1/approvals', { digest: approval.digest, signatures }))).toBe('403 HMS_APPROVER_SIGNER_UNKNOWN')
  })
})

describe('a bot key', () => {
  const alert = { id: 'a-1', bot: 'a', region: 'NCR', kind: 'Violation', value: 26 }

  it('reports as its own bot and as no other, and rolls nothing back', async () => {
    const bot = by((await make('bot:a')).token)
    expect(await refusal(bot.post('/v1/alerts', alert))).toBe('accepted')
    expect(await refusal(bot.post('/v1/alerts', { ...alert, bot: 'b' }))).toBe('403 HMS_AUTH_SCOPE')
    expect(await refusal(bot.post('/v1/alerts', { ...alert, bot: ['a'] }))).toBe('403 HMS_AUTH_SCOPE')
    expect(await refusal(bot.post('/v1/rollbacks', { policy: 'pm25', version: '1.0.0' }))).toBe('403 HMS_AUTH_SCOPE')
    expect(await refusal(bot.post('/v1/bots', { id: 'a', source: '' }))).toBe('403 HMS_AUTH_SCOPE')
    expect(await refusal(by((await make('read')).token).post('/v1/alerts', alert))).toBe('403 HMS_AUTH_SCOPE')
  })

  it('opens its own stream and no other, and the refusal of the stream has the reason', async () => {
    const { token, id } = await make('bot:a')
    await expect(connect({ url: system.url, bot: 'b', token })).rejects.toMatchObject({ code: 'HMS_AUTH_SCOPE', status: 403 })
    await expect(connect({ url: system.url, bot: 'a', token: mintToken().token })).rejects.toMatchObject({
      code: 'HMS_AUTH_TOKEN_UNKNOWN',
      status: 401,
    })
    await expect(connect({ url: system.url, bot: 'a' })).rejects.toMatchObject({ code: 'HMS_AUTH_REQUIRED', status: 401 })
    const connection = await connect({ url: system.url, bot: 'a', token })
    await connection.close()
    await revoke(id)
    await expect(connect({ url: system.url, bot: 'a', token })).rejects.toMatchObject({ code: 'HMS_AUTH_TOKEN_REVOKED', status: 401 })
  })
})

describe('a revocation closes what is open', () => {
  it('streams of the key, and no others', async () => {
    const [revoked, kept] = [await make('bot:a'), await make('bot:a')]
    const streams = await Promise.all([revoked, kept].map(({ token }) => openStream(token)))
    const closed = once(streams[0]!, 'close')
    await revoke(revoked.id)
    expect((await closed)[0]).toBe(1008)
    expect(streams[1]!.readyState).toBe(WebSocket.OPEN)
    streams[1]!.terminate()
  })

  it('server-sent events too', async () => {
    const { token, id } = await make('read')
    const response = await fetch(`${system.url}/v1/events`, { headers: { authorization: `Bearer ${token}` } })
    const reader = response.body!.getReader()
    expect(response.status).toBe(200)
    await reader.read()
    await revoke(id)
    await expect(drain(reader)).rejects.toThrow('terminated')
  })
})

describe('with profile dev', () => {
  it('reads and alerts need no key, but one that was revoked is refused all the same', async () => {
    const dev = await startMemorySystem()
    try {
      const operating = new LooseApi({ url: dev.url, authorize: signedBy(dev.operator, dev.roster.installation, () => dev.clock.now()) })
      const { token, id } = await operating.post<IssuedToken>('/v1/tokens', { scopes: ['read'] })
      await operating.post(`/v1/tokens/${id}/revoke`, {})
      const [nobody, revoked] = [new LooseApi({ url: dev.url }), new LooseApi({ url: dev.url, authorize: bearer(token) })]
      expect(await refusal(nobody.get('/v1/runs'))).toBe('accepted')
      expect(await refusal(nobody.post('/v1/alerts', { id: 'a', bot: 'b', region: '', kind: 'k' }))).toBe('accepted')
      expect(await refusal(nobody.post('/v1/tokens', { scopes: ['read'] }))).toBe('401 HMS_AUTH_REQUIRED')
      expect(await refusal(revoked.get('/v1/runs'))).toBe('401 HMS_AUTH_TOKEN_REVOKED')
    } finally {
      await dev.stop()
    }
  })
})

async function openStream(token: string): Promise<WebSocket> {
  const socket = new WebSocket(`${system.url.replace(/^http/, 'ws')}/v1/stream?bot=a`, { headers: { authorization: `Bearer ${token}` } })
  await once(socket, 'message')
  return socket
}

async function drain(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  for (let done = false; !done;) ({ done } = await reader.read())
}

function predicateOf(value: string): EventData['hms.token.revoked.v1'] {
  const { payload } = JSON.parse(value) as { payload: string }
  return (JSON.parse(Buffer.from(payload, 'base64').toString()) as { predicate: { data: EventData['hms.token.revoked.v1'] } }).predicate
    .data
}
