import { it } from 'vitest'
import { describeKafka } from '../kafka/kafka.config.js'
import { History } from '../kill/history.js'
import { Load } from '../kill/load/load.js'
import { Observer } from '../kill/observer.js'
import { Random } from '../kill/random.js'
import { until } from '../support/processes.js'
import { nowMs, report } from './figures.js'
import { floorKafka } from './floor-kafka.js'
import { measureRuns } from './measure-runs.js'
import { ScaledSystem } from './scaled-system.js'

const RUNS = 50
const OFFICIALS = 15
const WARM_RUNS = 30
const LOADED_MS = 60_000

/** One run at a time, and as many as go: with one broker or three, with one of each service or three. */
describeKafka('scale', () => {
  it.each([
    [1, 1],
    [3, 1],
    [1, 3],
    [3, 3],
  ])('%i broker(s), %i of each service', async (brokers, instances) => {
    const label = `${brokers} broker(s), ${instances} of each service`
    const system = await ScaledSystem.start(brokers, instances)
    try {
      report(`${label}: five bare hops`, await floorKafka(system.broker.brokers, system.env['HMS_DATABASE_URL']!, RUNS))
      report(`${label}: approve → global`, await measureRuns(system.url, system.dataDir, RUNS))
      if (brokers > 1) {
        const [dying] = system.broker.nodes
        await dying!.kill()
        report(`${label}, one broker dead: approve → global`, await measureRuns(system.url, system.dataDir, RUNS, 'bench-limit-dead'))
        await dying!.start(brokers)
        await system.broker.whole()
      }
      await throughput(label, system)
    } finally {
      await system.stop()
    }
  })
})

/** Runs that end while officials approve without a pause, and the processor time of each kind of process for one of them. */
async function throughput(label: string, system: ScaledSystem): Promise<void> {
  const observer = new Observer(system.database.url)
  const load = new Load(system, observer, new Random(1), new History(1), { policies: 200, officials: OFFICIALS, calm: true })
  const ended = (): Promise<number> => observer.count(`SELECT 1 FROM approver.run WHERE open = 'no'`)
  const events = (): Promise<number> =>
    observer
      .everywhere<{ n: string }>('SELECT count(*) AS n FROM $schema.outbox')
      .then((rows) => rows.reduce((sum, { n }) => sum + Number(n), 0))
  try {
    await load.start()
    await until('it is warm', async () => load.accepted >= WARM_RUNS, 300_000)
    const before = { ended: await ended(), events: await events(), cpu: system.cpu(), at: nowMs() }
    await until('it was measured', async () => nowMs() - before.at > LOADED_MS, 2 * LOADED_MS)
    const seconds = (nowMs() - before.at) / 1_000
    const runs = (await ended()) - before.ended
    const perSecond = ((await events()) - before.events) / seconds
    const cpu = [...system.cpu()].map(([name, ms]) => `${name} ${((ms - before.cpu.get(name)!) / runs).toFixed(0)}`)
    process.stdout.write(`${label}: ${((60 * runs) / seconds).toFixed(0)} runs a minute, ${perSecond.toFixed(0)} events a second\n`)
    process.stdout.write(`  ms of processor time for a run: ${cpu.join(', ')}\n`)
  } finally {
    await load.close()
    await observer.close()
  }
}
