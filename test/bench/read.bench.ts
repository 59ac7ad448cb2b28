import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Pool } from 'undici'
import { describe, it } from 'vitest'
import { scratchFolder } from '../support/processes.js'
import { processMs } from './cpu-time.js'
import { nowMs, percentile } from './figures.js'
import { startFloor } from './floor-server.js'
import { inSlices, POLICY, readersOf, startPress, type Press } from './press-under-load.js'

const PATH = `/ofrep/v1/evaluate/flags/${POLICY}.limit`
const BODY = JSON.stringify({ context: { targetingKey: 'bench-1', region: 'NCR' } })
const CONNECTIONS = 32
const WARM_UP = 3_000
const READS = 20_000
const FOLLOWERS = 1_000

/**
 * Evaluations by OFREP in a second of the server's processor time, beside a bare `node:http` server that answers the same bytes; then how
 * long one takes while a change goes to 1,000 readers again and again. The server is the whole of `dev`, on cores of its own where there
 * are two: what its other services do meanwhile counts as well.
 */
describe('read', () => {
  it('OFREP', async () => {
    const press = await startPress()
    const answer = await (await fetch(`${press.url}${PATH}`, { method: 'POST', body: BODY, headers: HEADERS })).text()
    const bare = await startBare(answer)
    const floor = await perServerSecond('bare node:http', bare.url, bare.pid)
    const ours = await perServerSecond('OFREP, one flag', press.url, press.pid)
    bare.stop()
    process.stdout.write(`${answer.length} bytes an answer; ours/bare ${(ours.rate / floor.rate).toFixed(2)} (aim 0.75)\n`)

    const clients = await inSlices(readersOf(FOLLOWERS), () => press.follow(() => {}))
    const idle = await perServerSecond(`OFREP, ${clients.length} readers follow`, press.url, press.pid)
    const pushing = new AbortController()
    const pushed = keepPushing(press, pushing.signal)
    const busy = await perServerSecond('OFREP, while changes go to all of them', press.url, press.pid)
    pushing.abort()
    process.stdout.write(`${await pushed} changes meanwhile; p99 busy/idle ${(busy.p99 / idle.p99).toFixed(1)} (aim 4)\n`)
    for (const client of clients) client.terminate()
    await press.stop()
  })
})

const HEADERS = { 'content-type': 'application/json' }

async function perServerSecond(label: string, url: string, pid: number): Promise<{ rate: number; p99: number }> {
  const pool = new Pool(url, { connections: CONNECTIONS, pipelining: 1 })
  await evaluate(pool, WARM_UP)
  const spentBefore = processMs(pid)
  const startedAt = nowMs()
  const times = (await evaluate(pool, READS)).sort((a, b) => a - b)
  const tookMs = nowMs() - startedAt
  const spentMs = processMs(pid) - spentBefore
  await pool.close()
  const rate = READS / (spentMs / 1_000)
  const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)]
  const figures = `${Math.round(rate)} a second of processor, ${Math.round(READS / (tookMs / 1_000))} a second`
  process.stdout.write(`${label.padEnd(42)} ${figures}; p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms\n`)
  return { rate, p99 }
}

/** Milliseconds of each. */
async function evaluate(pool: Pool, count: number): Promise<number[]> {
  const times: number[] = []
  let left = count
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const startedAt = nowMs()
      const { statusCode, body } = await pool.request({ path: PATH, method: 'POST', headers: HEADERS, body: BODY })
      await body.text()
      if (statusCode !== 200) throw new Error(`answered ${statusCode}`)
      times.push(nowMs() - startedAt)
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, one))
  return times
}

/** One rollback after the other; answers how many. */
async function keepPushing(press: Press, signal: AbortSignal): Promise<number> {
  let count = 0
  while (!signal.aborted) await press.rollBack(count++ % 2 === 0 ? '1.0.0' : '2.0.0')
  return count
}

async function startBare(answer: string): Promise<{ url: string; pid: number; stop(): void }> {
  const folder = scratchFolder()
  const file = join(folder.path, 'answer.json')
  writeFileSync(file, answer)
  const server = await startFloor(new URL('bare-http.mjs', import.meta.url), file)
  return {
    url: `http://127.0.0.1:${server.port}`,
    pid: server.pid,
    stop: () => {
      server.stop()
      folder.remove()
    },
  }
}
