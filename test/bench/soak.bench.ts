import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { describe, it, vi } from 'vitest'
import { connect, deployPolicy, rollbackPolicy } from '#libs/client'
import { Partner } from '../kill/load/partner.js'
import { policyFile } from '../support/policy-file.js'
import { scratchFolder, until } from '../support/processes.js'
import { nowMs, report } from './figures.js'
import { soakMinutes } from './soak.config.js'
import { startDev, type Dev } from './start-dev.js'

const MINUTE_MS = 60_000
const ROUND_MS = 4_000
const SAMPLE_MS = 30_000
const BOTS = 40
const ALERTS = 5
const PARTNERS = 3
const POLICIES = ['epa-pm25-limit', 'ozone-limit', 'smog-limit', 'pair-a', 'pair-b']
/** Samples of a start are left out of the slopes: V8 compiles, pools and caches fill. */
const WARM = 0.15
const TABLES = 12

type Connection = Awaited<ReturnType<typeof connect>>

/**
 * Hours of load on one process: runs (a bundle among them), rollbacks, alerts, partners, bots that join and leave. Prints how memory,
 * descriptors and tables grow, as slopes of a line through the samples. `HMS_BENCH_MINUTES` sets the length, two hours by default.
 */
describe('soak', () => {
  it('runs, rollbacks, alerts, partners, joins and leaves', { timeout: (soakMinutes() + 10) * MINUTE_MS }, async () => {
    const folder = scratchFolder()
    const dev = await startDev()
    vi.stubEnv('HMS_URL', dev.url)
    vi.stubEnv('HMS_DATA_DIR', dev.dataDir)
    const database = await openDatabase(dev.dataDir)
    const partners = await Promise.all(Array.from({ length: PARTNERS }, (_, n) => Partner.register(`partner-${n}`, dev.url, dev.dataDir)))
    const load = new Load(dev.url, folder.path)
    const samples: Sample[] = []
    const end = nowMs() + soakMinutes() * MINUTE_MS
    try {
      await load.join(BOTS)
      let sampledAt = -Infinity
      while (nowMs() < end) {
        const startedAt = nowMs()
        if (startedAt - sampledAt >= SAMPLE_MS) {
          sampledAt = startedAt
          await load.counted(async () => void samples.push(await sample(dev, database)))
        }
        await load.counted(() => load.round())
        await until('the round is over', async () => nowMs() - startedAt >= ROUND_MS, 2 * ROUND_MS)
      }
      samples.push(await sample(dev, database))
    } finally {
      // Also where the soak ends early: hours of samples must not be lost with it.
      if (samples.length > 0) print(samples, load, partners)
      await load.stop()
      await Promise.all(partners.map((partner) => partner.stop()))
      await database.end()
      await dev.stop()
      folder.remove()
      vi.unstubAllEnvs()
    }
  })
})

/** One round: a run, at times a rollback, alerts, a bot that leaves and one that joins. */
class Load {
  readonly runMs: number[] = []
  readonly rollbackMs: number[] = []
  readonly refused = new Map<string, number>()
  rounds = 0
  alerts = 0
  joined = 0
  private readonly bots: Connection[] = []

  constructor(
    private readonly url: string,
    private readonly folder: string,
  ) {}

  async join(count: number): Promise<void> {
    const names = Array.from({ length: count }, () => `bot-${this.joined++}`)
    this.bots.push(
      ...(await Promise.all(
        names.map(async (bot) => {
          const connection = await connect({ url: this.url, bot, region: 'NCR' })
          connection.on('error', (error) => this.count(error))
          return connection
        }),
      )),
    )
  }

  async round(): Promise<void> {
    const n = ++this.rounds
    const ids = n % 4 === 0 ? POLICIES.slice(3) : [POLICIES[n % 3]!]
    const files = ids.map((id) => policyFile(this.folder, `1.${n}.0`, 10 + (n % 50), id))
    await this.timed(this.runMs, () => deployPolicy({ files, sign: 'EPA Counsel', observe: '0s', bake: '0s' }))
    if (n % 5 === 0 && n > 8) {
      const history = (await (await fetch(`${this.url}/v1/policies/${ids[0]}/history`)).json()) as { version: string }[]
      const target = history.find(({ version }) => version !== `1.${n}.0`)?.version
      if (target !== undefined) await this.timed(this.rollbackMs, () => rollbackPolicy(`${ids[0]}@${target}`, { reason: 'soak' }))
    }
    for (let alert = 0; alert < ALERTS; alert++) {
      const bot = this.bots[(n + alert) % this.bots.length]!
      await bot.alert({ kind: 'Violation', reading: { id: `r-${n}-${alert}`, pm25: n }, value: n }).then(
        () => this.alerts++,
        (error: unknown) => this.count(error),
      )
    }
    await this.bots.shift()!.close()
    await this.join(BOTS - this.bots.length)
  }

  /** Counts a failure, and goes on: one call that is not answered in time must not end hours of load. */
  async counted(act: () => Promise<void>): Promise<void> {
    await act().catch((error: unknown) => this.count(error))
  }

  async stop(): Promise<void> {
    await Promise.all(this.bots.map((bot) => bot.close()))
  }

  private async timed(times: number[], act: () => Promise<unknown>): Promise<void> {
    const startedAt = nowMs()
    await this.counted(() => act().then(() => void times.push(nowMs() - startedAt)))
  }

  private count(error: unknown): void {
    const code = (error as { code?: string }).code ?? String(error)
    this.refused.set(code, (this.refused.get(code) ?? 0) + 1)
  }
}

/** Bytes, counts and rows at a time in hours since the first sample. */
interface Sample {
  readonly atMs: number
  readonly figures: ReadonlyMap<string, number>
}

async function sample(dev: Dev, database: Client): Promise<Sample> {
  const figures = new Map<string, number>()
  const status = readFileSync(`/proc/${dev.pid}/status`, 'utf8')
  figures.set('resident memory, MB', Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024)
  figures.set('descriptors', readdirSync(`/proc/${dev.pid}/fd`).length)
  const metrics = await (await fetch(`${dev.url}/metrics`)).text()
  for (const name of ['nodejs_heap_size_used_bytes', 'nodejs_external_memory_bytes']) {
    const value = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'm').exec(metrics)?.[1]
    if (value !== undefined) figures.set(`${name.replace('_bytes', '')}, MB`, Number(value) / 2 ** 20)
  }
  const { rows } = await database.query<{ name: string; bytes: string; rows: string }>(
    `select schemaname || '.' || relname as name, pg_total_relation_size(relid) as bytes, n_live_tup as rows from pg_stat_user_tables`,
  )
  for (const table of rows) {
    figures.set(`table ${table.name}, MB`, Number(table.bytes) / 2 ** 20)
    figures.set(`rows ${table.name}`, Number(table.rows))
  }
  return { atMs: nowMs(), figures }
}

async function openDatabase(dataDir: string): Promise<Client> {
  const read = (name: string): string => readFileSync(join(dataDir, name), 'utf8').trim()
  const client = new Client({
    host: '127.0.0.1',
    port: Number(read('postgres.port')),
    user: 'hms',
    password: read('postgres.password'),
    database: 'hms',
  })
  await client.connect()
  return client
}

function print(samples: readonly Sample[], load: Load, partners: readonly Partner[]): void {
  const write = (line: string): void => void process.stdout.write(`${line}\n`)
  write('')
  const half = Math.floor(load.runMs.length / 2)
  const times = {
    runs: load.runMs,
    rollbacks: load.rollbackMs,
    'first half': load.runMs.slice(0, half),
    'second half': load.runMs.slice(half),
  }
  for (const [label, values] of Object.entries(times)) if (values.length > 0) report(label, values)
  const messages = partners.reduce((sum, { received }) => sum + received.size, 0)
  write(`${load.rounds} rounds, ${load.alerts} alerts, ${load.joined} bots joined, ${messages} messages to partners`)
  write(`refused: ${[...load.refused].map(([code, count]) => `${code} ${count}`).join(', ') || 'nothing'}`)
  const names = [...samples.at(-1)!.figures.keys()]
  const grown = (name: string): number => samples.at(-1)!.figures.get(name)! - (samples[0]!.figures.get(name) ?? 0)
  const tables = names.filter((name) => name.startsWith('table ')).sort((a, b) => grown(b) - grown(a))
  const shown = [...names.filter((name) => !/^(table|rows) /.test(name)), ...tables.slice(0, TABLES)]
  for (const name of shown) {
    const { first, last, slope, late } = line(samples, name)
    write(
      `${name.padEnd(52)} ${first.toFixed(1)} → ${last.toFixed(1)}, ${slope.toFixed(2)} an hour, second half ${late.toFixed(2)} an hour`,
    )
  }
  for (const name of tables.slice(0, TABLES).map((table) => table.replace(/^table (.*), MB$/, 'rows $1')))
    write(`${name.padEnd(52)} ${grown(name)} in ${load.rounds} rounds`)
}

/** Slopes by least squares, in units an hour: of all samples behind the warm-up, and of the second half. */
function line(samples: readonly Sample[], name: string): { first: number; last: number; slope: number; late: number } {
  const points = samples
    .slice(Math.floor(samples.length * WARM))
    .map(({ atMs, figures }) => [atMs / 3_600_000, figures.get(name) ?? 0] as const)
  const slopeOf = (part: readonly (readonly [number, number])[]): number => {
    const mean = (at: 0 | 1): number => part.reduce((sum, point) => sum + point[at], 0) / part.length
    const [x, y] = [mean(0), mean(1)]
    const square = part.reduce((sum, point) => sum + (point[0] - x) ** 2, 0)
    return square === 0 ? 0 : part.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / square
  }
  return {
    first: points[0]![1],
    last: points.at(-1)![1],
    slope: slopeOf(points),
    late: slopeOf(points.slice(Math.floor(points.length / 2))),
  }
}
