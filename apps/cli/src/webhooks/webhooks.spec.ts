import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyWebhook } from '#libs/client'
import type { DeliveryView } from '#libs/contracts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serveCanned } from '../testing/canned-service.js'
import { runForTest, type CliRun } from '../testing/run-cli.js'
import { SAMPLE_EVENTS } from './forward.js'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

let folder: string
let receiver: Server
let received: { id: string; type: string }[]
let status: number
let reply: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-webhooks-'))
  received = []
  status = 200
  reply = '{"acknowledged":true}'
  receiver = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { type } = verifyWebhook(SECRET, request.headers, Buffer.concat(chunks))
    received.push({ id: String(request.headers['webhook-id']), type })
    response.writeHead(status, { 'content-type': 'application/json' }).end(reply)
  })
  await new Promise<void>((ready) => receiver.listen(0, '127.0.0.1', ready))
})
afterEach(async () => {
  receiver.close()
  receiver.closeAllConnections()
  await rm(folder, { recursive: true })
})

const target = (): string => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hooks`

describe('webhooks trigger', () => {
  it('reports a package of the integration layer as acknowledged, as the service does', async () => {
    reply = '{"meta":{},"intent":"acknowledge","data":{"acknowledged":true}}'
    const argv = ['webhooks', 'trigger', 'policy.updated', '--forward', target(), '--json']
    const { stdout } = await runForTest(argv, { env: { HMS_WEBHOOK_SECRET: SECRET } })
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, acknowledged: true })
  })

  it.each(SAMPLE_EVENTS)('posts a sample of %s that a receiver of real messages accepts', async (event) => {
    const { code, stdout } = await runForTest(['webhooks', 'trigger', event, '--forward', target(), '--json'], {
      env: { HMS_WEBHOOK_SECRET: SECRET },
    })
    expect([code, received]).toEqual([0, [{ id: expect.stringMatching(/^sample_/), type: event }]])
    expect(JSON.parse(stdout)).toMatchObject({ event, ok: true, answer: '200', acknowledged: true })
  })

  it('prints the status of a receiver that refuses', async () => {
    status = 500
    const { code, stderr } = await runForTest(['webhooks', 'trigger', 'policy.updated', '--forward', target(), '--secret', SECRET])
    expect([code, stderr]).toEqual([5, expect.stringContaining('500')])
  })

  it.each([
    [['policy.deleted', '--forward', 'http://127.0.0.1:1/'], 'policy.updated'],
    [['policy.updated', '--forward', 'ftp://127.0.0.1/'], 'no http'],
    [['policy.updated', '--forward', 'http://127.0.0.1:1/', '--secret', 'whsec_x'], '24 to 64'],
  ])('refuses %j with exit 2', async (argv, reason) => {
    const { code, stderr } = await runForTest(['webhooks', 'trigger', ...argv])
    expect([code, stderr]).toEqual([2, expect.stringContaining(reason)])
  })
})

describe('webhooks listen', () => {
  it('forwards a delivery signed with the given secret, and the next listener resumes after it', async () => {
    const at = '2026-01-01T00:00:00.000Z'
    const delivery = { id: 'd1', messageId: 'run_184_pm25_va-deq', partner: 'va-deq', policy: 'pm25', version: '2.0.0', createdAt: at }
    const body = JSON.stringify({ type: 'policy.updated', timestamp: at, data: {} })
    const list = (since: string): string => `GET /v1/deliveries?partner=va-deq&since=${encodeURIComponent(since)}&limit=500`
    const service = await serveCanned({
      [list('2025-12-31T00:00:00.000Z')]: { body: [delivery as DeliveryView] },
      [list('2025-12-31T23:59:00.000Z')]: { body: [delivery as DeliveryView] },
      'GET /v1/deliveries/d1': { body: { ...delivery, body } },
    })
    const listen = async (isDone: () => boolean, ...more: string[]): Promise<CliRun> => {
      let stop = (): void => {}
      const running = runForTest(['webhooks', 'listen', '--forward', target(), '--partner', 'va-deq', '--secret', SECRET, ...more], {
        env: { HMS_URL: service.url, HMS_DATA_DIR: folder },
        interrupt: (fire) => {
          stop = fire
        },
      })
      // `listen` runs until it is interrupted: waits for the condition, then interrupts it.
      while (!isDone()) await new Promise((resolve) => setImmediate(resolve))
      stop()
      return running
    }
    const first = await listen(() => received.length > 0, '--from', '2025-12-31T00:00:00Z')
    expect([first.code, received.map(({ id }) => id)]).toEqual([130, ['run_184_pm25_va-deq']])
    expect(first.stderr).toContain(
      `Ready. Messages to va-deq are forwarded to ${target()}, from those created at 2025-12-31T00:00:00.000Z on.\n`,
    )
    expect(first.stdout).toContain('→ 200, acknowledged')
    const second = await listen(() => service.requests.some(({ call }) => call === list('2025-12-31T23:59:00.000Z')))
    expect(received).toHaveLength(1)
    expect(second.stderr).toContain(`, from those created at ${at} on.\n`)
    await service.close()
  })

  it('names no time while no message exists', async () => {
    const all = `GET /v1/deliveries?since=${encodeURIComponent('1970-01-01T00:00:00.000Z')}&limit=500`
    const service = await serveCanned({ 'GET /v1/deliveries?limit=1': { body: [] }, [all]: { body: [] } })
    let stop = (): void => {}
    const running = runForTest(['webhooks', 'listen', '--forward', target()], {
      env: { HMS_URL: service.url, HMS_DATA_DIR: folder },
      interrupt: (fire) => {
        stop = fire
      },
    })
    while (service.requests.filter(({ call }) => call === all).length < 2) await new Promise((resolve) => setImmediate(resolve))
    stop()
    expect((await running).stderr).toContain(`Ready. Messages to all partners are forwarded to ${target()}, from the first on.\n`)
    await service.close()
  })

  it('exits with 11, and is never ready, if no service responds', async () => {
    const { code, stderr } = await runForTest(['webhooks', 'listen', '--forward', target()], {
      env: { HMS_URL: 'http://127.0.0.1:1', HMS_DATA_DIR: folder },
    })
    expect([code, stderr]).toEqual([11, expect.not.stringContaining('Ready')])
  })
})
