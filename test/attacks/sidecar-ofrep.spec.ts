import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OfrepBulk, OfrepFailure, OfrepFlag } from '#libs/contracts'
import { serveSidecar, type ServedSidecar } from '../../apps/sidecar/src/serve-sidecar.js'
import { EventReader } from '../../apps/sidecar/src/testing/event-reader.js'
import { sampleDocument } from '../../libs/client/src/testing/sample-document.js'
import { SAMPLE_ROSTER_BYTES } from '../../libs/client/src/testing/sample-trust.js'
import { StreamServer, type Visitor } from '../../libs/client/src/testing/stream-server.js'

const ID = 'epa-pm25-limit'
const FLAGS = '/ofrep/v1/evaluate/flags'
const DASHBOARD = 'https://dashboard.example'
const stable = sampleDocument({ policy: { id: ID, version: '1.5.0', limit: 35 }, seq: 1, revision: 4 })
const canary = (seq: number, revision: number) =>
  sampleDocument({
    policy: { id: ID, version: '2.0.0', limit: 25 },
    scope: 'region:NCR',
    seq,
    revision,
    share: 10_000,
    base: stable.digest,
    expires: new Date(Date.now() + 3_600_000).toISOString(),
  })

let upstream: StreamServer
let visitor: Visitor
let sidecar: ServedSidecar
let folder: string
const start = async (region: string): Promise<void> => {
  const url = await upstream.start()
  writeFileSync(join(folder, 'roster.json'), SAMPLE_ROSTER_BYTES)
  const environment = {
    HMS_URL: url,
    HMS_REGION: region,
    HMS_ROSTER: join(folder, 'roster.json'),
    HMS_SIDECAR_PORT: '0',
    HMS_LOG_LEVEL: 'silent',
    HMS_HTTP_CORS_ORIGINS: DASHBOARD,
  }
  const greeted = upstream.visitor().then((each) => (each.send('snapshot', 4, [stable]), each))
  ;[visitor, sidecar] = await Promise.all([greeted, serveSidecar(environment)])
}
beforeEach(() => {
  upstream = new StreamServer()
  folder = mkdtempSync(join(tmpdir(), 'hms-sidecar-'))
})
afterEach(async () => {
  await sidecar.stop()
  await upstream.stop()
  rmSync(folder, { recursive: true })
})

interface Answer<T> {
  status: number
  headers: IncomingMessage['headers']
  body: T
}
async function ask<T = OfrepFlag>(path: string, body: unknown, headers: Record<string, string> = {}, method = 'POST'): Promise<Answer<T>> {
  const call = request(`${sidecar.address}${path}`, { method, headers: { 'content-type': 'application/json', ...headers }, agent: false })
  call.on('error', () => {})
  call.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body))
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return { status: response.statusCode ?? 0, headers: response.headers, body: (text === '' ? undefined : JSON.parse(text)) as T }
}
const whoIs = (targetingKey: string, region?: string): object => ({
  context: { targetingKey, ...(region === undefined ? {} : { region }) },
})
const changes = (): Promise<EventReader> =>
  EventReader.open({ host: '127.0.0.1', port: new URL(sidecar.address).port, path: '/ofrep/v1/events' })

describe('a side-car that is queried by OFREP', () => {
  it('evaluates for the bot in the context, from the verified copy, and returns the state of the copy', async () => {
    await start('')
    const events = await changes()
    const { id: before } = (await events.next())!
    visitor.send('change', 5, [canary(1, 5)])
    expect((await events.next())!.data).toEqual({ type: 'refetchEvaluation' })
    const [covered, other] = [await ask(`${FLAGS}/${ID}`, whoIs('bot-1', 'NCR')), await ask(`${FLAGS}/${ID}`, whoIs('bot-1', 'VA'))]
    expect(covered.body).toMatchObject({
      value: { limit: 25 },
      reason: 'SPLIT',
      variant: '2.0.0',
      metadata: { revision: 5, scope: 'region:NCR' },
    })
    expect(other.body).toMatchObject({ value: { limit: 35 }, reason: 'TARGETING_MATCH', variant: '1.5.0', metadata: { revision: 4 } })
    expect([covered.body.metadata.state, covered.headers['hms-state']]).toEqual(['READY', 'READY'])
    visitor.drop()
    expect((await events.next())!.data).toEqual({ type: 'refetchEvaluation' })
    const stale = await ask(`${FLAGS}/${ID}`, whoIs('bot-1', 'NCR'))
    expect([stale.body.value, stale.body.metadata.state, stale.headers['hms-state']]).toEqual([covered.body.value, 'STALE', 'STALE'])
    expect((await ask(`${FLAGS}/${ID}.limit`, whoIs('bot-1'))).body.value).toBe(35)
    const missed = await EventReader.open({ host: '127.0.0.1', port: new URL(sidecar.address).port, path: '/ofrep/v1/events' }, before)
    expect((await missed.next())!.data).toEqual({ type: 'refetchEvaluation' })
    events.close()
    missed.close()
  })

  it('takes its own region for a context that names none', async () => {
    await start('NCR')
    const events = await changes()
    await events.next()
    visitor.send('change', 5, [canary(1, 5)])
    await events.next()
    events.close()
    expect((await ask(`${FLAGS}/${ID}`, whoIs('bot-1'))).body.reason).toBe('SPLIT')
    expect((await ask(`${FLAGS}/${ID}`, whoIs('bot-1', 'VA'))).body.reason).toBe('TARGETING_MATCH')
  })

  it('lists everything with an ETag that a renewed lease does not move', async () => {
    await start('NCR')
    const events = await changes()
    await events.next()
    visitor.send('change', 5, [canary(1, 5)])
    await events.next()
    const first = await ask<OfrepBulk>(FLAGS, whoIs('bot-1'))
    expect(first.body.eventStreams).toEqual([{ type: 'sse', endpoint: { requestUri: '/ofrep/v1/events' }, inactivityDelaySec: 120 }])
    expect(first.body.flags.map(({ key }) => key)).toContain(`${ID}.limit`)
    visitor.send('change', 6, [canary(2, 6)])
    visitor.send('change', 7, [sampleDocument({ policy: { id: 'ozone-limit', version: '1.0.0', limit: 70 }, seq: 1, revision: 7 })])
    // A notification of the renewal would be one event more, which this waits for instead.
    await events.next()
    const later = await ask<OfrepBulk>(FLAGS, whoIs('bot-1'))
    expect(later.body.flags.filter(({ key }) => key.startsWith(ID))).toEqual(first.body.flags)
    expect((await ask(FLAGS, whoIs('bot-1'), { 'if-none-match': later.headers.etag! })).status).toBe(304)
    events.close()
  })

  it.each([
    ['broken JSON', '{"context":', {}, 400, 'PARSE_ERROR'],
    ['no context', '{}', {}, 400, 'INVALID_CONTEXT'],
    ['no targetingKey', '{"context":{}}', {}, 400, 'TARGETING_KEY_MISSING'],
    ['another type', 'x', { 'content-type': 'text/plain' }, 415, 'PARSE_ERROR'],
    ['a large body', JSON.stringify({ context: { targetingKey: 'x'.repeat(200_000) } }), {}, 413, 'PARSE_ERROR'],
    ['a deep body', `{"context":{"targetingKey":"a","deep":${'['.repeat(50)}${']'.repeat(50)}}}`, {}, 413, 'PARSE_ERROR'],
  ])('refuses %s in the form of the protocol', async (_what, body, headers, status, code) => {
    await start('')
    for (const path of [FLAGS, `${FLAGS}/${ID}`]) {
      const failure = await ask<OfrepFailure>(path, body, headers)
      expect([failure.status, failure.body.errorCode, typeof failure.body.errorDetails]).toEqual([status, code, 'string'])
    }
    expect(await ask<OfrepFailure>(`${FLAGS}/none`, whoIs('a'))).toMatchObject({
      status: 404,
      body: { key: 'none', errorCode: 'FLAG_NOT_FOUND' },
    })
    expect(await ask<OfrepFailure>(`${FLAGS}/%zz`, whoIs('a'))).toMatchObject({ status: 400, body: { errorCode: 'PARSE_ERROR' } })
    expect(await ask<OfrepFailure>(FLAGS, undefined, {}, 'GET')).toMatchObject({ status: 405, headers: { allow: 'POST' } })
  })

  it('responds beside an offer of HTTP/2, and to pages of named origins', async () => {
    await start('')
    const offer = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQBAAAAAAIAAAAA' }
    expect((await ask(`${FLAGS}/${ID}`, whoIs('a'), offer)).body.variant).toBe('1.5.0')
    const page = await ask(`${FLAGS}/${ID}`, whoIs('a'), { origin: DASHBOARD })
    expect([page.status, page.headers['access-control-allow-origin']]).toEqual([200, DASHBOARD])
    expect((await ask(FLAGS, undefined, { origin: DASHBOARD, 'access-control-request-method': 'POST' }, 'OPTIONS')).status).toBe(204)
    expect((await ask<OfrepFailure>(`${FLAGS}/${ID}`, whoIs('a'), { origin: 'https://evil.example' })).status).toBe(403)
  })
})
