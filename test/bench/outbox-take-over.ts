import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { pause, systemClock } from '#libs/platform'
import { killWithParent } from '../support/broker/parent-watch.js'
import type { TestIdentity } from '../support/identity.js'
import { until } from '../support/processes.js'
import { leaderPid, type DurablePostgres } from './durable-postgres.js'
import { nowMs, percentile } from './figures.js'
import { LinterInstance } from './linter-instance.js'
import { NotingBus } from './noting.js'
import { atRate } from './writers.js'

const ROUNDS = 10
const RATE = 100
const TRAFFIC_MS = 2_000
const RELAY_PROCESS = fileURLToPath(new URL('relay-process.mjs', import.meta.url))

interface Leader {
  /** Ends its leadership the hard way. */
  end(): Promise<unknown>
  /** Cleans up what is left of it. */
  stop(): Promise<unknown>
}

const WAYS: [string, (server: DurablePostgres, identity: TestIdentity) => Promise<Leader>][] = [
  ['backend terminated', sessionThatDies],
  ['process killed', processThatDies],
]

/**
 * From the end of the leader to the first row that the other instance sends: under traffic, whose wake-ups make it try at once, and for
 * one row left behind without a notification, so that its poll of a second must find it.
 */
export async function takeOver(server: DurablePostgres, identity: TestIdentity): Promise<void> {
  for (const [how, open] of WAYS) {
    for (const traffic of [true, false]) {
      const times: number[] = []
      for (let round = 0; round < ROUNDS; round++) {
        await server.query('TRUNCATE linter.outbox')
        times.push(await oneTakeOver(server, identity, await open(server, identity), traffic, round / ROUNDS))
      }
      const [p50, worst] = [
        percentile(
          times.toSorted((a, b) => a - b),
          0.5,
        ),
        Math.max(...times),
      ]
      const label = `take-over: ${how}, ${traffic ? `${RATE} tx/s on the other` : 'one row left behind'}`
      process.stdout.write(
        `${label.padEnd(58)} p50 ${p50.toFixed(0).padStart(6)} ms   max ${worst.toFixed(0).padStart(6)} ms   n ${times.length}\n`,
      )
    }
  }
}

/** `phase`: how far the other is into its second between two polls when the leader ends. */
async function oneTakeOver(
  server: DurablePostgres,
  identity: TestIdentity,
  leader: Leader,
  traffic: boolean,
  phase: number,
): Promise<number> {
  const pid = await leaderPid(server)
  const bus = new NotingBus()
  const other = await LinterInstance.open(server.url, bus, identity)
  other.start()
  const writing = traffic
    ? atRate(RATE, TRAFFIC_MS, async (turn) => void (await other.write(`t${turn % RATE}`, { wakes: true })))
    : undefined
  await pause(systemClock, phase * 1_000)
  if (pid === undefined || (await leaderPid(server)) !== pid) throw new Error('the leader changed by itself')
  const endedAt = nowMs()
  await leader.end()
  if (!traffic) await other.write('left', { wakes: false })
  await until('the other sends', async () => bus.publishedAt.size > 0)
  const [firstAt] = bus.publishedAt.values()
  await writing
  await Promise.all([leader.stop(), other.stop()])
  return firstAt! - endedAt
}

/** An instance of this process whose session's backend is terminated; it may not lead again, or it would be a coin's throw who is first. */
async function sessionThatDies(server: DurablePostgres, identity: TestIdentity): Promise<Leader> {
  const instance = await LinterInstance.open(server.url, new NotingBus(), identity)
  await instance.lead(server)
  return {
    end: async () => {
      await server.query('SELECT pg_terminate_backend($1)', [await leaderPid(server)])
      await instance.session.stop()
    },
    stop: () => instance.stop(),
  }
}

/** An instance in a process of its own, ended by `kill -9`. */
async function processThatDies(server: DurablePostgres, { roster }: TestIdentity): Promise<Leader> {
  await until('nobody leads', async () => (await leaderPid(server)) === undefined)
  const child = spawn(process.execPath, [RELAY_PROCESS, server.url, JSON.stringify(roster.envelope)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const callOffWatch = killWithParent(child.pid!)
  const gone = once(child, 'exit')
  await until('the process leads', async () => (await leaderPid(server)) !== undefined)
  return {
    end: async () => {
      child.kill('SIGKILL')
      await gone
    },
    stop: async () => callOffWatch(),
  }
}
