import { join } from 'node:path'
import { describe, it } from 'vitest'
import { startPostgres } from '#libs/persistence'
import { describeKafka } from '../kafka/kafka.config.js'
import { DistributedSystem } from '../support/distributed-system.js'
import { freePort, ready, scratchFolder, Served, until } from '../support/processes.js'
import { report } from './figures.js'
import { floorEmbedded } from './floor-embedded.js'
import { floorKafka } from './floor-kafka.js'
import { measureRuns } from './measure-runs.js'

const RUNS = 200

/** approve → global with observe and bake 0, beside five bare hops in the same run (aims: 10 times their p50 embedded, 8 times on Kafka). */
describe('embedded', () => {
  it('approve → global', async () => {
    const folder = scratchFolder()
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const dataDir = join(folder.path, 'data')
    const dev = Served.start(['dev', '--port', String(port), '--data', dataDir], {})
    await until('dev is ready', () => ready(url))
    const runs = await measureRuns(url, dataDir, RUNS)
    await dev.stop()
    const database = await startPostgres({ folder: dataDir })
    const floor = await floorEmbedded(database.url, RUNS)
    await database.stop()
    folder.remove()
    compare('embedded', runs, floor)
  })
})

describeKafka('Kafka', () => {
  it('approve → global', async () => {
    const system = await DistributedSystem.start()
    const runs = await measureRuns(system.url, system.env['HMS_DATA_DIR']!, RUNS)
    const floor = await floorKafka(system.broker.brokers, system.env['HMS_DATABASE_URL']!, RUNS)
    await system.stop()
    compare('Kafka', runs, floor)
  })
})

function compare(label: string, runs: number[], floor: number[]): void {
  const measured = report(`${label}: approve → global`, runs)
  const bare = report(`${label}: five bare hops (commit, relay, produce, consume)`, floor)
  process.stdout.write(`${label}: ratio of p50 ${(measured / bare).toFixed(2)}\n`)
}
