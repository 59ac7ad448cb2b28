import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { it } from 'vitest'
import { processMs } from './cpu-time.js'
import { measureRuns } from './measure-runs.js'
import { startDev } from './start-dev.js'
import { median } from './writers.js'

const ROUNDS = 4
const RUNS = 100
const WARM = 30

/** A run with spans sent to a collector beside one without, in turn: what else the machine does changes from minute to minute. */
it('tracing on and off', async () => {
  const collector = await Collector.start()
  const figures = { off: [] as Figure[], on: [] as Figure[] }
  for (let round = 0; round < ROUNDS; round++) {
    figures.off.push(await measure({}))
    figures.on.push(await measure({ HMS_OTLP_ENDPOINT: collector.url }))
  }
  await collector.stop()
  for (const name of ['off', 'on'] as const) {
    const [p50, cpu] = [median(figures[name].map((each) => each.p50)), median(figures[name].map((each) => each.cpuMs))]
    process.stdout.write(
      `tracing ${name.padEnd(4)} p50 ${p50.toFixed(1)} ms, ${cpu.toFixed(0)} ms of processor time a run   n ${ROUNDS} x ${RUNS}\n`,
    )
  }
  const ratio = (of: (figure: Figure) => number): string => (median(figures.on.map(of)) / median(figures.off.map(of))).toFixed(2)
  process.stdout.write(`on to off: ${ratio(({ p50 }) => p50)} in time, ${ratio(({ cpuMs }) => cpuMs)} in processor time\n`)
  process.stdout.write(
    `the collector took ${collector.requests} requests of ${(collector.bytes / collector.requests / 1_000).toFixed(1)} kB\n`,
  )
}, 600_000)

interface Figure {
  p50: number
  /** Of the services, without the database; for each run. */
  cpuMs: number
}

async function measure(env: Record<string, string>): Promise<Figure> {
  const dev = await startDev(env)
  await measureRuns(dev.url, dev.dataDir, WARM, 'warm-limit')
  const before = processMs(dev.pid)
  const times = await measureRuns(dev.url, dev.dataDir, RUNS)
  const cpuMs = (processMs(dev.pid) - before) / RUNS
  await dev.stop()
  return { p50: median(times), cpuMs }
}

/** Takes what it is sent, and looks at nothing. */
class Collector {
  requests = 0
  bytes = 0

  private constructor(readonly server: ReturnType<typeof createServer>) {}

  static async start(): Promise<Collector> {
    const collector = new Collector(createServer())
    collector.server.on('request', (request, response) => {
      collector.requests++
      request.on('data', (chunk: Buffer) => (collector.bytes += chunk.length)).on('end', () => response.end('{}'))
    })
    await new Promise<void>((resolve) => collector.server.listen(0, '127.0.0.1', resolve))
    return collector
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }
}
