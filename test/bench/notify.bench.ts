import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { Agent, request } from 'undici'
import { signWebhook } from '#libs/client'
import { pause, systemClock } from '#libs/platform'
import type { RegisteredPartner } from '../../apps/notifier/src/partners/partner.table.js'
import { testIdentity } from '../support/identity.js'
import { scratchFolder, until } from '../support/processes.js'
import { startDurablePostgres, type DurablePostgres } from './durable-postgres.js'
import { nowMs, percentile } from './figures.js'
import { startFloor, type FloorServer } from './floor-server.js'
import { NotifierInstance, SECRET, type Arrival } from './notifier-instance.js'
import { atRate } from './writers.js'

const PARTNERS = 50
/** Messages that wait for each partner at once: about as many policies. */
const WAITING = 40
/** The paced part: runs per second, each for all partners, and its duration. */
const [RUNS_PER_SECOND, PACED_MS] = [2, 20_000]
/** Posts in parallel: notifier's limit of concurrent attempts. */
const AT_A_TIME = 64
const WAITING_FOR_THE_DEAD = 10_000
const WATCHED_MS = 30_000

/**
 * Webhooks by notifier on a PostgreSQL that flushes every commit: what it delivers a second when all wait at once, and how long a message
 * takes to a partner who answers, while none and while 5 of 50 take the connection and never answer. The floor is a loop of bare posts of
 * undici, signed, to the same server, as many at a time. Then the memory while 10,000 messages wait for partners that do not respond.
 */
describe('notify', () => {
  const folder = scratchFolder()
  let database: DurablePostgres
  let receiver: FloorServer
  let silent: Server
  let urls: { well: string; dead: string }
  let runs = 0
  beforeAll(async () => {
    database = await startDurablePostgres()
    const answer = join(folder.path, 'answer.json')
    writeFileSync(answer, '{}')
    receiver = await startFloor(new URL('bare-http.mjs', import.meta.url), answer)
    silent = createServer(() => {}).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const port = (silent.address() as AddressInfo).port
    urls = { well: `http://127.0.0.1:${receiver.port}/hook`, dead: `http://127.0.0.1:${port}/hook` }
  })
  afterAll(async () => {
    receiver.stop()
    silent.closeAllConnections()
    silent.close()
    await database.stop()
    folder.remove()
  })

  it('deliveries a second and time to a partner, with 0 and 5 of 50 dead', async () => {
    await bare()
    const p95 = new Map<number, number>()
    for (const dead of [0, 5]) p95.set(dead, await measure(dead))
    await bare()
    process.stdout.write(`p95 with 5 dead to p95 with none: ${(p95.get(5)! / p95.get(0)!).toFixed(2)} (aim 1.1)\n`)
  })

  it('memory while 10,000 wait for partners that do not answer', async () => {
    const notifier = await NotifierInstance.open(database.url, await testIdentity())
    const partners = await notifier.register(names(PARTNERS, PARTNERS))
    for (let each = 0; each < WAITING_FOR_THE_DEAD / PARTNERS; each++) await tell(notifier, partners)
    const before = resident()
    notifier.start()
    let most = 0
    for (const endMs = nowMs() + WATCHED_MS; nowMs() < endMs; await pause(systemClock, 200)) most = Math.max(most, resident())
    await notifier.stop()
    const mib = (bytes: number): string => `${(bytes / 1_048_576).toFixed(0)} MiB`
    const label = `${WAITING_FOR_THE_DEAD} deliveries wait, process before and at most`
    process.stdout.write(`${label.padEnd(58)} ${mib(before)}, ${mib(most)} (+ ${mib(most - before)})\n`)
  })

  /** Returns p95 of the paced part, in ms. */
  async function measure(dead: number): Promise<number> {
    const notifier = await NotifierInstance.open(database.url, await testIdentity())
    const partners = await notifier.register(names(PARTNERS, dead))
    const well = PARTNERS - dead
    const arrived = async (count: number): Promise<void> => {
      await until(`${count} arrived`, async () => notifier.arrivals.length >= count, 600_000)
    }
    for (let each = 0; each < WAITING; each++) await tell(notifier, partners)
    const startedAt = nowMs()
    notifier.start()
    await arrived(well * WAITING)
    const perSecond = (well * WAITING * 1_000) / (nowMs() - startedAt)
    process.stdout.write(`${`${dead} of ${PARTNERS} dead: all wait at once`.padEnd(58)} ${perSecond.toFixed(0)} deliveries/s\n`)
    notifier.arrivals.length = 0
    await atRate(RUNS_PER_SECOND, PACED_MS, () => tell(notifier, partners))
    await arrived((well * RUNS_PER_SECOND * PACED_MS) / 1_000)
    const p95 = print(`${dead} of ${PARTNERS} dead: ${RUNS_PER_SECOND} runs/s, to a partner who answers`, times(notifier.arrivals))
    await notifier.stop()
    return p95
  }

  function tell(notifier: NotifierInstance, partners: readonly RegisteredPartner[]): Promise<void> {
    runs++
    return notifier.tell(runs, `policy-${runs}`, partners)
  }

  /** The first `dead` of them never answer. */
  function names(count: number, dead: number): { id: string; url: string }[] {
    return Array.from({ length: count }, (_, index) => ({ id: `p-${index}`, url: index < dead ? urls.dead : urls.well }))
  }

  /** Posts as many messages as the run without dead partners, each on its own connection, as notifier does. */
  async function bare(): Promise<void> {
    const agent = new Agent({ connections: AT_A_TIME, pipelining: 1 })
    const took: number[] = []
    let left = PARTNERS * WAITING
    const body = JSON.stringify({ type: 'policy.updated', timestamp: new Date().toISOString(), data: { text: 'x'.repeat(400) } })
    const startedAt = nowMs()
    await Promise.all(
      Array.from({ length: AT_A_TIME }, async () => {
        for (; left > 0;) {
          const id = `msg_${left--}`
          const headers = { 'content-type': 'application/json', ...signWebhook(SECRET, { id, timestamp: new Date(), body }) }
          const begunAt = nowMs()
          const answer = await request(urls.well, { dispatcher: agent, method: 'POST', headers, body, reset: true })
          await answer.body.dump()
          took.push(nowMs() - begunAt)
        }
      }),
    )
    const perSecond = (took.length * 1_000) / (nowMs() - startedAt)
    await agent.close()
    print(`floor: bare posts, ${AT_A_TIME} at a time, ${perSecond.toFixed(0)} posts/s`, took)
  }
})

function times(arrivals: readonly Arrival[]): number[] {
  return arrivals.map(({ tookMs }) => tookMs)
}

function print(label: string, took: readonly number[]): number {
  const sorted = [...took].sort((a, b) => a - b)
  const [p50, p95] = [percentile(sorted, 0.5), percentile(sorted, 0.95)]
  process.stdout.write(`${label.padEnd(58)} p50 ${p50.toFixed(1)} ms   p95 ${p95.toFixed(1)} ms   n ${sorted.length}\n`)
  return p95
}

function resident(): number {
  return process.memoryUsage().rss
}
