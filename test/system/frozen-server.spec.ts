import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type HmsConnection } from '#libs/client'
import { policyFile } from '../support/policy-file.js'
import { freePort, hms, ready, scratchFolder, Served, until } from '../support/processes.js'

const POLICY = 'epa-pm25-limit'

/** A proxy that lets no WebSocket through; `holdsBack`: it passes an answer on when it is whole, as some do. */
async function proxyTo(port: number, holdsBack: boolean): Promise<Server> {
  const proxy = createServer((asked, answer) => {
    const call = request({ port, host: '127.0.0.1', method: asked.method, path: asked.url, headers: asked.headers }, (response) => {
      if (!holdsBack) return void response.pipe(answer.writeHead(response.statusCode!, response.headers))
      const { 'transfer-encoding': _chunked, ...headers } = response.headers
      buffer(response).then(
        (body) => answer.writeHead(response.statusCode!, headers).end(body),
        () => answer.destroy(),
      )
    })
    call.on('error', () => answer.destroy())
    answer.on('close', () => call.destroy())
    asked.pipe(call)
  })
  proxy.on('upgrade', (_asked, socket) => socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'))
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  return proxy
}

describe('a server that is frozen, and bots behind all kinds of proxies', () => {
  const scratch = scratchFolder()
  const dataDir = join(scratch.path, 'data')
  const proxies: Server[] = []
  const bots: HmsConnection[] = []
  let env: Record<string, string>
  let dev: Served

  beforeAll(async () => {
    const port = await freePort()
    env = { HMS_URL: `http://127.0.0.1:${port}`, HMS_DATA_DIR: dataDir, HMS_PORT: String(port) }
    dev = Served.start(['dev'], env)
    await until('dev is ready', () => ready(env['HMS_URL']!), 120_000)
    await approve('1.0.0', 35)
    proxies.push(await proxyTo(port, false), await proxyTo(port, true))
    const urls = [env['HMS_URL']!, ...proxies.map((proxy) => `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`)]
    for (const [index, url] of urls.entries())
      bots.push(await connect({ url, bot: `inspector-${index}`, roster: join(dataDir, 'roster.json'), timeoutMs: 30_000 }))
  }, 240_000)
  afterAll(async () => {
    for (const bot of bots) await bot.close()
    for (const proxy of proxies) proxy.closeAllConnections()
    for (const proxy of proxies) proxy.close()
    dev.thaw()
    await dev.stop()
    scratch.remove()
  })

  async function approve(version: string, limit: number): Promise<void> {
    const file = policyFile(scratch.path, version, limit)
    const done = await hms(['approve', file, '--sign', 'EPA Chief', '--observe', '0s', '--bake', '0s', '--watch'], env)
    expect([done.code, done.stderr]).toEqual([0, expect.any(String)])
  }

  const limits = (): unknown[] => bots.map((bot) => bot.get(POLICY)['limit'])
  const states = (): string => bots.map(({ state }) => state).join()

  it('are notified of a change, on every transport', async () => {
    expect(await Promise.all(bots.map((bot) => bot.ready()))).toEqual(['READY', 'READY', 'READY'])
    await approve('2.0.0', 25)
    await until('all use 25', async () => limits().join() === '25,25,25', 20_000)
  }, 180_000)

  it('report STALE soon after it was frozen, keep their values, and are READY again when it continues', async () => {
    await until('all are ready', async () => states() === 'READY,READY,READY')
    const frozenAt = performance.now()
    const seconds = bots.map(async (bot) => {
      await new Promise((resolve) => bot.on('stale', resolve))
      return (performance.now() - frozenAt) / 1_000
    })
    dev.freeze()
    const [stream, events, polls] = await Promise.all(seconds)
    expect([limits(), states()]).toEqual([[25, 25, 25], 'STALE,STALE,STALE'])
    dev.thaw()
    expect(Math.max(stream!, events!)).toBeLessThan(6.5)
    expect(polls).toBeLessThan(11.5)
    await until('all are ready again', async () => states() === 'READY,READY,READY')
  }, 180_000)
})
