import { gzipSync } from 'node:zlib'
import { it } from 'vitest'
import { PAGES } from '../../apps/console/src/pages.js'
import { nowMs, percentile } from './figures.js'
import { Approver } from './rollback/approver.js'
import { startDev } from './start-dev.js'

const RUNS = 1_000
const POLICIES = 200
/** Runs of other policies go on beside each other. */
const LANES = 8
const WARM = 5
const READS = 30
/** Where there are several, the first. */
const EXAMPLES: Record<string, string> = { '/policies/:id': '/policies/policy-0', ':number': String(RUNS), ':index': '0' }

interface Read {
  firstByteMs: number
  bytes: number
  gzip: number
}

/** Every page of the console with a thousand runs and two hundred policies, beside an answer that reads nothing. */
it('pages of the console', async () => {
  const dev = await startDev({ HMS_HTTP_WRITES_PER_SECOND: '10000' })
  try {
    await fill(dev.url, dev.dataDir)
    for (const path of ['/livez', ...addresses()]) await measure(`${dev.url}${path}`, path)
  } finally {
    await dev.stop()
  }
}, 1_200_000)

async function fill(url: string, dataDir: string): Promise<void> {
  const approver = await Approver.open(url, dataDir)
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < RUNS) {
      const id = `policy-${next++ % POLICIES}`
      await approver.ended(await approver.approve(id, { observeMs: 0, bakeMs: 0 }))
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}

/** Pages whose address needs a ticket, a freeze, a delivery or a token have none here. */
function addresses(): string[] {
  const filled = PAGES.map(({ path }) =>
    Object.entries(EXAMPLES).reduce((address, [part, example]) => address.replace(part, example), path),
  )
  return filled.filter((path) => !path.includes(':'))
}

async function measure(url: string, path: string): Promise<void> {
  const reads: Read[] = []
  for (let round = 0; round < WARM + READS; round++) reads.push(await read(url))
  const times = reads.slice(WARM).map(({ firstByteMs }) => firstByteMs)
  times.sort((a, b) => a - b)
  const { bytes, gzip } = reads.at(-1)!
  const [p50, p99] = [0.5, 0.99].map((share) => `${percentile(times, share).toFixed(1)} ms`.padStart(9))
  process.stdout.write(
    `${path.padEnd(36)} first byte p50 ${p50} p99 ${p99}   ${(bytes / 1_000).toFixed(1)} kB, gzip ${(gzip / 1_000).toFixed(1)} kB\n`,
  )
}

async function read(url: string): Promise<Read> {
  const startedAt = nowMs()
  const response = await fetch(url, { headers: { accept: 'text/html' } })
  const firstByteMs = nowMs() - startedAt
  const body = Buffer.from(await response.arrayBuffer())
  if (!response.ok) throw new Error(`${url}: ${response.status} ${body.toString('utf8').slice(0, 200)}`)
  return { firstByteMs, bytes: body.length, gzip: gzipSync(body).length }
}
