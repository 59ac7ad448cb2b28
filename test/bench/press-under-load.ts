import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadIdentity, statement } from '#libs/client'
import type { StreamFrame } from '#libs/contracts'
import { WebSocket } from 'ws'
import { LooseApi } from '../support/loose-api.js'
import { policyFile } from '../support/policy-file.js'
import { freePort, hms, ready, scratchFolder, Served, until } from '../support/processes.js'

const AT_ONCE = 100
/** Descriptors that a process needs beside those of the readers. */
const SPARE_DESCRIPTORS = 500
/** As many policies as one bundle may have. */
const BUNDLE = 200

export const POLICY = 'epa-pm25-limit'

/** A `dev` of its own with `POLICY` live in 1.0.0 and 2.0.0, and `others` more policies. */
export interface Press {
  readonly url: string
  readonly pid: number
  /** A reader by WebSocket whose first frame has come. `query`: of the stream, `policies=…` or `revision=…`. */
  follow(onFrame: (data: Buffer) => void, query?: string): Promise<WebSocket>
  rollBack(version: string): Promise<unknown>
  /** Restores `dist` and folders. */
  stop(): Promise<void>
}

export async function startPress(others = 0): Promise<Press> {
  const folder = scratchFolder()
  const port = await freePort()
  const env = { HMS_URL: `http://127.0.0.1:${port}`, HMS_DATA_DIR: join(folder.path, 'data') }
  const dev = Served.start(['dev', '--port', String(port), '--data', env.HMS_DATA_DIR], {})
  await until('dev is ready', () => ready(env.HMS_URL))
  const approve = async (files: string[]): Promise<void> => {
    const done = await hms(['approve', ...files, '--sign', 'EPA Chief', '--observe', '0s', '--bake', '0s', '--watch'], env)
    if (done.code !== 0) throw new Error(done.stderr)
  }
  for (let first = 0; first < others; first += BUNDLE) {
    const ids = Array.from({ length: Math.min(BUNDLE, others - first) }, (_, index) => `rule-${first + index}`)
    await approve(ids.map((id, index) => policyFile(folder.path, '1.0.0', first + index, id)))
  }
  await approve([policyFile(folder.path, '1.0.0', 35)])
  await approve([policyFile(folder.path, '2.0.0', 25)])
  const { roster, operatorSigner } = await loadIdentity(env.HMS_DATA_DIR)
  const who = { signer: operatorSigner(), audience: roster.installation }
  const authorize = statement(
    async () => who,
    () => new Date(),
  )
  const api = new LooseApi({ url: env.HMS_URL, authorize, timeoutMs: 30_000 })
  return {
    url: env.HMS_URL,
    pid: dev.pid,
    follow: (onFrame, query = '') => followStream(env.HMS_URL, onFrame, query),
    rollBack: (version) => api.post('/v1/rollbacks', { policy: POLICY, version }),
    stop: async () => {
      await dev.stop()
      folder.remove()
    },
  }
}

export async function followStream(url: string, onFrame: (data: Buffer) => void, query = ''): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/stream?${query}`, { perMessageDeflate: false })
  socket.on('message', (data: Buffer) => onFrame(data))
  const [first] = (await once(socket, 'message')) as [Buffer]
  const { type } = JSON.parse(first.toString()) as StreamFrame
  if (type !== 'snapshot' && type !== 'change') throw new Error(`the first frame is ${type}`)
  return socket
}

/** As many readers of those asked as descriptors allow: Linux says how many, elsewhere 1,000 are tried. */
export function readersOf(asked: number): number {
  try {
    const limit = Number(/Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1])
    return Math.min(asked, limit - SPARE_DESCRIPTORS)
  } catch {
    return Math.min(asked, 1_000)
  }
}

export async function inSlices<T>(count: number, make: () => Promise<T>): Promise<T[]> {
  const made: T[] = []
  while (made.length < count) made.push(...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - made.length) }, make))))
  return made
}
