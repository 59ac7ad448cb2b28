import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'vitest'
import { WebSocket } from 'ws'
import { until } from '../support/processes.js'
import { nowMs, percentile } from './figures.js'
import { startFloor } from './floor-server.js'
import { POLICY, readersOf, startPress } from './press-under-load.js'

const OTHERS = 1_000
const MAX_TRIES = 10
const FEW = [POLICY, 'rule-1', 'rule-2'].join(',')

/**
 * Many readers that come back at once to a store of 1,001 policies: until the last has its first frame, beside a bare `ws` server that sends
 * as many bytes; and the memory of the server for each of them afterwards. Readers of all get fewer places: each wants megabytes.
 */
describe('storm', () => {
  it('of readers that come back', async () => {
    const press = await startPress(OTHERS)
    const { revision } = (await (await fetch(`${press.url}/v1/snapshot?policies=${POLICY}`)).json()) as { revision: number }
    for (const [label, asked, query] of [
      ['who read three policies', 10_000, `policies=${FEW}`],
      ['who know the newest revision', 10_000, `revision=${revision}`],
      ['who read all of them', 200, ''],
    ] as const) {
      const readers = readersOf(asked)
      const ours = await storm(readers, `${press.url}/v1/stream?${query}`, press.pid)
      const bare = await bareStorm(readers, ours.bytes)
      const kib = ({ memory }: Storm): string => `${(memory / 1_024 / readers).toFixed(1)} KiB a reader`
      const took = ({ times, lastMs, again }: Storm): string =>
        `p50 ${percentile(times, 0.5).toFixed(0)} ms, last ${lastMs.toFixed(0)} ms, ${again} tried again`
      process.stdout.write(`\n${readers} readers ${label}, ${ours.bytes} bytes each\n`)
      process.stdout.write(`ours   ${took(ours)}, ${kib(ours)}\nbare   ${took(bare)}, ${kib(bare)}\n`)
      const ratios = `last ours/bare ${(ours.lastMs / bare.lastMs).toFixed(2)} (aim 2), memory ${(ours.memory / bare.memory).toFixed(2)} (aim 1.5)`
      process.stdout.write(`${ratios}\n`)
    }
    await press.stop()
  })
})

interface Storm {
  bytes: number
  /** Sorted. */
  times: number[]
  lastMs: number
  /** Readers who had to try again. */
  again: number
  /** Resident bytes of the server that came with the readers. */
  memory: number
}

async function storm(readers: number, url: string, pid: number): Promise<Storm> {
  const [residentBefore, filesBefore] = [resident(pid), openFiles(pid)]
  const startedAt = nowMs()
  const arrived = await Promise.all(
    Array.from({ length: readers }, async () => {
      const { socket, bytes, tries } = await firstFrame(url.replace('http', 'ws'))
      return { socket, bytes, tries, ms: nowMs() - startedAt }
    }),
  )
  const sockets = arrived.map(({ socket }) => socket)
  const times = arrived.map(({ ms }) => ms)
  const memory = Math.max(1, resident(pid) - residentBefore)
  await Promise.all(sockets.map((socket) => (socket.terminate(), once(socket, 'close'))))
  // Those that come next must not meet a server that still counts these.
  await until('the server has let go of them', async () => openFiles(pid) <= filesBefore)
  times.sort((a, b) => a - b)
  const again = arrived.filter(({ tries }) => tries > 1).length
  return { bytes: arrived[0]!.bytes, times, lastMs: times.at(-1)!, again, memory }
}

/** As a reader does, one that was refused or cut off tries again. */
async function firstFrame(url: string): Promise<{ socket: WebSocket; bytes: number; tries: number }> {
  for (let tries = 1; ; tries++) {
    const socket = new WebSocket(url, { perMessageDeflate: false })
    try {
      const [data] = (await once(socket, 'message')) as [Buffer]
      socket.on('error', () => {})
      return { socket, bytes: data.length, tries }
    } catch (error) {
      socket.on('error', () => {}).terminate()
      if (tries === MAX_TRIES) throw error
    }
  }
}

async function bareStorm(readers: number, bytes: number): Promise<Storm> {
  const server = await startFloor(new URL('bare-storm.mjs', import.meta.url), bytes)
  try {
    return await storm(readers, `http://127.0.0.1:${server.port}`, server.pid)
  } finally {
    server.stop()
  }
}

/** Zero where there is no /proc. */
function openFiles(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return 0
  }
}

/** Zero where there is no /proc. */
function resident(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024
  } catch {
    return 0
  }
}
