import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { ApiClient, loadIdentity, statement } from '#libs/client'
import type { StreamFrame } from '#libs/contracts'
import { WebSocket } from 'ws'
import { policyFile } from '../support/policy-file.js'
import { freePort, hms, ready, scratchFolder, Served, until } from '../support/processes.js'
import { nowMs, report } from './figures.js'

const ROUNDS = 5
const AT_ONCE = 100
/** Descriptors that a process needs beside those of the readers. */
const SPARE_DESCRIPTORS = 500
const BARE = new URL('bare-push.mjs', import.meta.url).pathname

/** Linux says how many descriptors a process may have open; elsewhere nobody is asked, and 1,000 readers are tried. */
const maxReaders = (): number => {
  try {
    return Number(/Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]) - SPARE_DESCRIPTORS
  } catch {
    return 1_000
  }
}

/** One change to many readers: when the first and the last have it, and the same for a bare loop of writes to as many sockets. */
describe('push', () => {
  it.each([1_000, 10_000])('to %i WebSocket clients', async (asked) => {
    const readers = Math.min(asked, maxReaders())
    const press = await startPress()
    const arrivals = new Arrivals(readers)
    const clients = await inSlices(readers, () => press.follow((frame, bytes) => arrivals.frame(frame, bytes)))
    const [first, last]: [number[], number[]] = [[], []]
    for (let round = 0; round < ROUNDS; round++) {
      const whole = arrivals.next()
      const startedAt = nowMs()
      await press.rollBack(round % 2 === 0 ? '1.0.0' : '2.0.0')
      const at = await whole
      first.push(at[0]! - startedAt)
      last.push(at[1]! - startedAt)
    }
    for (const client of clients) client.terminate()
    await press.stop()
    const { bytes, ahead } = arrivals
    const bare = await barePush(readers, bytes)
    report(`${readers} readers, from the request: the first has the change`, first)
    report(`${readers} readers, from the request: the last has the change`, last)
    const span = report(
      `${readers} readers: between the first and the last`,
      last.map((at, index) => at - first[index]!),
    )
    report(`bare TCP loop, ${readers} sockets: the first`, bare.first)
    const floor = report(`bare TCP loop, ${readers} sockets: the last`, bare.last)
    process.stdout.write(
      `${bytes} bytes a frame; ${ahead} frames with another statement came before their change; last/bare ${(span / floor).toFixed(2)} (aim 1.5)\n`,
    )
  })
})

/** When each round's change came to the first and to the last reader. */
class Arrivals {
  bytes = 0
  ahead = 0
  private came = 0
  private first = 0
  private isOpen = false
  private resolve: (at: [number, number]) => void = () => {}

  constructor(private readonly readers: number) {}

  next(): Promise<[number, number]> {
    this.came = 0
    this.isOpen = true
    return new Promise((resolve) => (this.resolve = resolve))
  }

  frame(data: Buffer, bytes: number): void {
    // Parsing 10,000 frames here would be measured too.
    if (!data.includes('"type":"change"')) {
      if (this.isOpen && this.came === 0 && data.includes('"freshness"')) this.ahead++
      return
    }
    this.bytes = bytes
    if (this.came++ === 0) this.first = nowMs()
    if (this.came < this.readers) return
    this.isOpen = false
    this.resolve([this.first, nowMs()])
  }
}

async function startPress() {
  const folder = scratchFolder()
  const port = await freePort()
  const env = { HMS_URL: `http://127.0.0.1:${port}`, HMS_DATA_DIR: join(folder.path, 'data') }
  const dev = Served.start(['dev', '--port', String(port), '--data', env.HMS_DATA_DIR], {})
  await until('dev is ready', () => ready(env.HMS_URL))
  for (const [version, limit] of [
    ['1.0.0', 35],
    ['2.0.0', 25],
  ] as const) {
    const done = await hms(['approve', policyFile(folder.path, version, limit), '--sign', 'EPA Chief', '--observe', '0s', '--watch'], env)
    if (done.code !== 0) throw new Error(done.stderr)
  }
  const { roster, operatorSigner } = await loadIdentity(env.HMS_DATA_DIR)
  const who = { signer: operatorSigner(), audience: roster.installation }
  const authorize = statement(
    async () => who,
    () => new Date(),
  )
  const api = new ApiClient({ url: env.HMS_URL, authorize, timeoutMs: 30_000 })
  return {
    follow: async (onFrame: (data: Buffer, bytes: number) => void): Promise<WebSocket> => {
      const socket = new WebSocket(`${env.HMS_URL.replace('http', 'ws')}/v1/stream`, { perMessageDeflate: false })
      socket.on('message', (data: Buffer) => onFrame(data, data.length))
      const [first] = (await once(socket, 'message')) as [Buffer]
      if ((JSON.parse(first.toString()) as StreamFrame).type !== 'snapshot') throw new Error('the first frame is no snapshot')
      return socket
    },
    rollBack: (version: string) => api.post('/v1/rollbacks', { policy: 'epa-pm25-limit', version }),
    stop: async () => {
      await dev.stop()
      folder.remove()
    },
  }
}

async function barePush(readers: number, bytes: number): Promise<{ first: number[]; last: number[] }> {
  const server = spawn(process.execPath, [BARE, String(bytes)], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = (await once(server.stdout, 'data')) as [Buffer]
    let heard: (socket: Socket, size: number) => void = () => {}
    const sockets = await inSlices(readers, async () => {
      const socket = connect({ port: Number(line.toString()), host: '127.0.0.1', noDelay: true })
      socket.on('data', (data) => heard(socket, data.length))
      await once(socket, 'connect')
      return socket
    })
    const [first, last]: [number[], number[]] = [[], []]
    for (let round = 0; round < ROUNDS; round++) {
      const left = new Map(sockets.map((socket) => [socket, bytes]))
      const done = new Promise<void>((resolve) => {
        let isFirst = true
        heard = (socket, size) => {
          if (isFirst) first.push(nowMs() - startedAt)
          isFirst = false
          const open = left.get(socket)! - size
          if (open > 0) left.set(socket, open)
          else left.delete(socket)
          if (left.size === 0) resolve()
        }
      })
      const startedAt = nowMs()
      sockets[0]!.write('go')
      await done
      last.push(nowMs() - startedAt)
    }
    for (const socket of sockets) socket.destroy()
    return { first, last }
  } finally {
    server.kill()
  }
}

async function inSlices<T>(count: number, make: () => Promise<T>): Promise<T[]> {
  const made: T[] = []
  while (made.length < count) made.push(...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - made.length) }, make))))
  return made
}
