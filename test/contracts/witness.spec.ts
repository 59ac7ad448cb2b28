import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { FileSeenStore, HttpWitness, Witness, type SeenStore } from '#libs/witness'
import { MemorySeenStore } from '#libs/witness/testing'
import { createWitnessServer } from '../../apps/witness/src/witness-server.js'
import { LOG_POLICY, TestLog, WITNESS_SIGNER } from '../support/test-log.js'
import { witnessSuite, type OpenWitness } from './witness.suite.js'

const KEY = LOG_POLICY.witnesses[0]!
const ORIGIN = LOG_POLICY.log.name
const witnessOf: (...of: Parameters<OpenWitness>) => Witness = (seen, signer) =>
  new Witness(KEY, signer, () => [LOG_POLICY.log], seen, new VirtualClock())

describe('a witness in this process', () => {
  witnessSuite(async (seen, signer) => ({ link: witnessOf(seen, signer), close: async () => {} }))
})

describe('a witness behind HTTP', () => {
  witnessSuite(async (seen, signer) => {
    const { url, close } = await served(seen, signer)
    // One call at a time is the link's own bound; the suite asks several at once.
    return {
      link: {
        key: KEY,
        addCheckpoint: (text) => new HttpWitness(KEY, url).addCheckpoint(text),
        newestCheckpoint: (origin) => new HttpWitness(KEY, url).newestCheckpoint(origin),
      },
      close,
    }
  })

  it('responds as C2SP specifies, for any media type', async () => {
    const { url } = await closedAfter(served(new MemorySeenStore(), WITNESS_SIGNER))
    const post = async (body: string, headers = {}) => fetch(`${url}/add-checkpoint`, { method: 'POST', body, headers })
    const log = new TestLog()
    const first = await post(await log.request(0, 7), { 'content-type': 'application/octet-stream' })
    expect([first.status, (await first.text()).startsWith(`— ${KEY.name} `)]).toEqual([200, true])
    const conflict = await post(await log.request(0, 9))
    expect([conflict.status, conflict.headers.get('content-type'), await conflict.text()]).toEqual([409, 'text/x.tlog.size', '7\n'])
    expect((await post('x'.repeat(80 * 1024))).status).toBe(413)
    expect((await fetch(`${url}/add-checkpoint`)).status).toBe(405)
    expect((await fetch(`${url}/livez`)).status).toBe(200)
  })
})

describe('the log’s side of a witness behind HTTP', () => {
  it.each<[string, RequestListener]>([
    ['returns 409 without a size, as a proxy does', (_request, reply) => reply.writeHead(409, { 'content-type': 'text/html' }).end('7')],
    ['returns 502', (_request, reply) => reply.writeHead(502).end()],
    ['sends it elsewhere', (_request, reply) => reply.writeHead(307, { location: '/elsewhere' }).end()],
    ['responds without end', (_request, reply) => void reply.writeHead(200).end('x'.repeat(100_000))],
    ['does not respond in time', () => {}],
    ['hangs up', (request) => request.socket.destroy()],
  ])('takes nothing from one that %s', async (_what, listener) => {
    await expect(new HttpWitness(KEY, await listening(listener), 200).addCheckpoint('old 0\n\n')).rejects.toThrow()
  })

  it('sends one request at a time', async () => {
    const link = new HttpWitness(KEY, await listening((_request, reply) => reply.writeHead(404).end()))
    const first = link.addCheckpoint('one')
    await expect(link.addCheckpoint('two')).rejects.toThrow('has not responded')
    expect(await first).toEqual({ status: 404, body: '' })
    expect(await link.addCheckpoint('three')).toEqual({ status: 404, body: '' })
  })
})

describe('the memory of a witness on disk', () => {
  const folder = (): string => {
    const path = mkdtempSync(join(tmpdir(), 'hms-witness-'))
    onTestFinished(() => rmSync(path, { recursive: true }))
    return path
  }

  it('is there for the next process, and keeps logs apart', async () => {
    const path = folder()
    const log = new TestLog()
    await new FileSeenStore(path).set(ORIGIN, { size: 3, root: log.root(3), note: await log.note(3) })
    await new FileSeenStore(path).set('example.org/other', { size: 1, root: log.root(1) })
    expect(await new FileSeenStore(path).get(ORIGIN)).toEqual({ size: 3, root: log.root(3), note: await log.note(3) })
    await new FileSeenStore(path).check()
    expect(await new FileSeenStore(path).get('example.org/other')).toEqual({ size: 1, root: log.root(1) })
  })

  it.each(['constructor', 'toString', '__proto__'])(
    'knows no log of the name %s before its first checkpoint, on disk or not',
    async (origin) => {
      for (const store of [new MemorySeenStore(), new FileSeenStore(folder())]) {
        expect(await store.get(origin)).toBeUndefined()
        await store.set(origin, { size: 1, root: Buffer.alloc(32) })
        expect(await store.get(origin)).toEqual({ size: 1, root: Buffer.alloc(32) })
      }
    },
  )

  it('that is damaged is not taken for an empty one', async () => {
    const path = folder()
    await new FileSeenStore(path).set(ORIGIN, { size: 3, root: Buffer.alloc(32) })
    writeFileSync(join(path, 'seen.json'), readFileSync(join(path, 'seen.json')).subarray(0, 20))
    await expect(new FileSeenStore(path).get(ORIGIN)).rejects.toThrow()
    await expect(new FileSeenStore(path).check()).rejects.toThrow()
  })

  it('survives a draft that was never finished', async () => {
    const path = folder()
    await new FileSeenStore(path).set(ORIGIN, { size: 3, root: Buffer.alloc(32) })
    writeFileSync(join(path, 'seen.json.0123456789ab.tmp'), '{"half')
    expect(await new FileSeenStore(path).get(ORIGIN)).toMatchObject({ size: 3 })
  })
})

async function served(seen: SeenStore, signer: typeof WITNESS_SIGNER): Promise<{ url: string; close(): Promise<void> }> {
  const server = createWitnessServer(witnessOf(seen, signer), silentLogger)
  const url = await server.listen({ port: 0, host: '127.0.0.1' })
  return { url, close: () => server.close() }
}

async function closedAfter<T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> {
  const opened = await opening
  onTestFinished(() => opened.close())
  return opened
}

async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}
