import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { it } from 'vitest'
import { freePort, ready, scratchFolder, Served, until } from '../support/processes.js'
import { processMs } from './cpu-time.js'
import { measureRuns } from './measure-runs.js'
import { shareOfProfile, type CpuProfile } from './profile-shares.js'
import { median } from './writers.js'

const WARM_UP = 5
const ROUNDS = 9
const RUNS = 5

/**
 * Processor time of `dev` for a run with observe and bake 0, as a multiple of 1,000 signatures and verifications of Ed25519 in the same run
 * (aim: 0.4), which a busy machine slows down as much. A second `dev` counts statements and packets, and shows where the time goes.
 */
it('the processor time of a run, embedded', async () => {
  const plain = await startDev({})
  await measureRuns(plain.url, plain.dataDir, WARM_UP, 'cost-limit')
  const rounds: { run: number; yard: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const before = processMs(plain.dev.pid)
    await measureRuns(plain.url, plain.dataDir, RUNS, `cost-limit-${round}`)
    rounds.push({ run: (processMs(plain.dev.pid) - before) / RUNS, yard: yardstick() })
  }
  await plain.stop()
  const [run, yard] = [median(rounds.map((each) => each.run)), median(rounds.map((each) => each.yard))]
  print(`a run ${run.toFixed(0)} ms, 1,000 signatures and verifications ${yard.toFixed(0)} ms: ratio of medians ${(run / yard).toFixed(2)}`)

  const folder = scratchFolder()
  const file = join(folder.path, 'profile.json')
  const probe = fileURLToPath(new URL('cost-probe.mjs', import.meta.url))
  const probed = await startDev({ NODE_OPTIONS: `--import ${probe}`, COST_FILE: file })
  await measureRuns(probed.url, probed.dataDir, WARM_UP, 'cost-limit')
  process.kill(probed.dev.pid, 'SIGUSR2')
  await measureRuns(probed.url, probed.dataDir, ROUNDS * RUNS, 'cost-limit-probed')
  process.kill(probed.dev.pid, 'SIGUSR2')
  await until('the profile is written', async () => existsSync(file))
  const { counts, texts, profile } = JSON.parse(readFileSync(file, 'utf8')) as Probed
  await probed.stop()
  folder.remove()
  const each = (total: number): string => (total / (ROUNDS * RUNS)).toFixed(1)
  print(`to PostgreSQL a run: ${each(counts.statements)} statements in ${each(counts.packets)} packets, ${each(counts.bytes / 1024)} KiB`)
  for (const [name, share] of shareOfProfile(profile)) print(`${(100 * share).toFixed(1).padStart(6)} %  ${name}`)
  for (const [text, count] of texts.sort((a, b) => b[1] - a[1]).slice(0, 25)) print(`${each(count).padStart(6)}  ${text}`)
})

interface Probed {
  counts: { packets: number; bytes: number; statements: number }
  texts: [string, number][]
  profile: CpuProfile
}

async function startDev(env: Record<string, string>) {
  const folder = scratchFolder()
  const port = await freePort()
  const [url, dataDir] = [`http://127.0.0.1:${port}`, join(folder.path, 'data')]
  const dev = Served.start(['dev', '--port', String(port), '--data', dataDir], env)
  await until('dev is ready', () => ready(url))
  const stop = async (): Promise<void> => {
    await dev.stop()
    folder.remove()
  }
  return { dev, url, dataDir, stop }
}

/** Milliseconds of processor time. */
function yardstick(): number {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const bytes = Buffer.alloc(1_000, 7)
  const before = process.cpuUsage()
  for (let n = 0; n < 1_000; n++) verify(null, bytes, publicKey, sign(null, bytes, privateKey))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
