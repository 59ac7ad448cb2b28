import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ConfigDocument } from '#libs/contracts'
import { serveSidecar, type ServedSidecar, type SidecarOptions } from '../../apps/sidecar/src/serve-sidecar.js'
import { EventReader } from '../../apps/sidecar/src/testing/event-reader.js'
import { sampleDocument } from '../../libs/client/src/testing/sample-document.js'
import { SAMPLE_ROSTER_BYTES } from '../../libs/client/src/testing/sample-trust.js'
import { StreamServer, type Visitor } from '../../libs/client/src/testing/stream-server.js'

const ID = 'epa-pm25-limit'
const old = sampleDocument({ policy: { id: ID, version: '1.5.0', limit: 35 }, seq: 1, revision: 4 })
const strict = sampleDocument({ policy: { id: ID, version: '2.0.0', limit: 25 }, seq: 2, revision: 5 })
const ozone = sampleDocument({ policy: { id: 'ozone-limit', version: '1.0.0', limit: 70 }, seq: 1, revision: 5 })

let upstream: StreamServer
let url: string
let folder: string
let running: ServedSidecar[]
beforeEach(async () => {
  upstream = new StreamServer()
  url = await upstream.start()
  folder = mkdtempSync(join(tmpdir(), 'hms-sidecar-'))
  writeFileSync(join(folder, 'roster.json'), SAMPLE_ROSTER_BYTES)
  running = []
})
afterEach(async () => {
  await Promise.all(running.map((sidecar) => sidecar.stop()))
  await upstream.stop()
  rmSync(folder, { recursive: true })
})

const environment = (): Record<string, string> => ({
  HMS_URL: url,
  HMS_BOT: 'inspector-7',
  HMS_REGION: 'NCR',
  HMS_ROSTER: join(folder, 'roster.json'),
  HMS_CACHE_DIR: join(folder, 'cache'),
  HMS_SIDECAR_PORT: '0',
  HMS_LOG_LEVEL: 'silent',
})
async function serve(options: SidecarOptions = {}): Promise<ServedSidecar> {
  const sidecar = await serveSidecar(environment(), options)
  running.push(sidecar)
  return sidecar
}
async function connected(): Promise<{ sidecar: ServedSidecar; visitor: Visitor; events: EventReader }> {
  const [visitor, sidecar] = await Promise.all([upstream.visitor().then((each) => (each.send('snapshot', 4, [old]), each)), serve()])
  const events = await EventReader.open({ host: '127.0.0.1', port: new URL(sidecar.address).port })
  return { sidecar, visitor, events }
}
const ask = async ({ address }: ServedSidecar, id: string): Promise<{ status: number; body: Record<string, unknown> }> => {
  const response = await fetch(`${address}/v1/policies/${id}`)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

/** Changes a document as root upstream can: everything but its signatures. */
function edited(document: ConfigDocument, from: string, to: string): ConfigDocument {
  const payload = Buffer.from(document.release!.payload, 'base64').toString()
  expect(payload).toContain(from)
  return { ...document, release: { ...document.release!, payload: Buffer.from(payload.replace(from, to)).toString('base64') } }
}

describe('a side-car whose upstream lies', () => {
  it('returns the last verified value as STALE, and recovers without a restart', async () => {
    const { sidecar, visitor, events } = await connected()
    expect(await ask(sidecar, ID)).toMatchObject({
      status: 200,
      body: { value: { limit: 35 }, state: 'READY', source: 'live', trust: 'pinned' },
    })

    visitor.send('change', 5, [edited(strict, '"limit":25', '"limit":250')])
    expect((await events.until(({ data }) => data['state'] === 'STALE')).data['code']).toMatch(/^HMS_HEAD_/)
    expect(await ask(sidecar, ID)).toMatchObject({ status: 200, body: { version: '1.5.0', value: { limit: 35 }, state: 'STALE' } })
    expect(await (await fetch(`${sidecar.address}/readyz`)).json()).toMatchObject({ status: 'degraded', state: 'STALE' })

    visitor.drop()
    const again = await upstream.visitor()
    expect(again.query.has('revision')).toBe(false)
    again.send('snapshot', 5, [strict])
    expect((await events.until(({ data }) => data['type'] === 'change')).data).toMatchObject({
      revision: 5,
      changes: [{ id: ID, version: '2.0.0', scope: 'global' }],
    })
    await events.until(({ data }) => data['state'] === 'READY')
    expect(await ask(sidecar, ID)).toMatchObject({ status: 200, body: { value: { limit: 25 }, state: 'READY' } })
    events.close()
  })

  it('returns the reason why a policy that was never verified has no value', async () => {
    const { sidecar, visitor, events } = await connected()
    visitor.send('change', 5, [edited(ozone, '"limit":70', '"limit":700')])
    const { data } = await events.until((event) => event.data['state'] === 'STALE')
    expect(await ask(sidecar, 'ozone-limit')).toMatchObject({ status: 502, body: { code: data['code'], retryable: true } })
    expect(await ask(sidecar, ID)).toMatchObject({ status: 200, body: { value: { limit: 35 }, state: 'STALE' } })
    expect(await ask(sidecar, 'lead-limit')).toMatchObject({ status: 404, body: { code: 'HMS_POLICY_NOT_FOUND' } })
    events.close()
  })

  it('is not rolled back behind what it saw, also not over a restart', async () => {
    const { sidecar, visitor, events } = await connected()
    visitor.send('change', 5, [strict])
    await events.until(({ data }) => data['type'] === 'change')
    events.close()
    await sidecar.stop()
    const [reborn] = await Promise.all([serve(), upstream.visitor().then((each) => each.send('snapshot', 6, [old]))])
    const later = await EventReader.open({ host: '127.0.0.1', port: new URL(reborn.address).port })
    await later.until(({ data }) => data['state'] === 'STALE')
    expect(await ask(reborn, ID)).toMatchObject({ status: 200, body: { version: '2.0.0', value: { limit: 25 }, state: 'STALE' } })
    later.close()
  })
})

describe('a side-car without a server', () => {
  it('starts from its own disk, verified again, as STALE', async () => {
    const { sidecar, events } = await connected()
    events.close()
    await sidecar.stop()
    await upstream.stop()
    const offline = await serve()
    expect(offline).toMatchObject({ state: 'STALE', revision: 4, policies: 1 })
    expect(await ask(offline, ID)).toMatchObject({
      status: 200,
      body: { value: { limit: 35 }, source: 'disk', state: 'STALE', revision: 4 },
    })
    expect((await fetch(`${offline.address}/readyz`)).status).toBe(200)
  })

  it('does not start without a copy to serve, nor without a roster', async () => {
    await upstream.stop()
    await expect(serve({ timeoutMs: 200 })).rejects.toMatchObject({ code: 'HMS_UNREACHABLE', status: 503 })
    await expect(serveSidecar({ HMS_URL: 'http://policies.example', HMS_SIDECAR_PORT: '0' })).rejects.toMatchObject({
      code: 'HMS_ROSTER_REQUIRED',
    })
    await expect(serveSidecar({ HMS_SIDECAR_PORT: 'many' })).rejects.toMatchObject({ code: 'HMS_CONFIG_INVALID' })
  })

  it('leaves nothing open when its port is taken', async () => {
    const { sidecar, events } = await connected()
    events.close()
    const port = Number(new URL(sidecar.address).port)
    const [refused, second] = await Promise.allSettled([
      serve({ address: { port } }),
      upstream.visitor().then((each) => (each.send('snapshot', 4, [old]), each)),
    ])
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'HMS_PORT_IN_USE', status: 409 } })
    expect(second.status).toBe('fulfilled')
  })

  it('serves a Unix socket', async () => {
    const socket = join(folder, 's')
    const [sidecar] = await Promise.all([
      serve({ address: { socket } }),
      upstream.visitor().then((each) => each.send('snapshot', 4, [old])),
    ])
    expect(sidecar.address).toBe(socket)
    const events = await EventReader.open({ socketPath: socket, headers: { host: 'any.example' } })
    expect(await events.next()).toMatchObject({ id: '4', data: { type: 'snapshot', changes: [{ id: ID, version: '1.5.0' }] } })
    events.close()
  })
})
