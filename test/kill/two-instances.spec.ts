import { afterAll, beforeAll, expect, it } from 'vitest'
import { SERVICES } from '#libs/contracts'
import { describeKafka } from '../kafka/kafka.config.js'
import { until } from '../support/processes.js'
import { KillSystem } from './fleet/kill-system.js'
import { History } from './history.js'
import { judge } from './judge.js'
import { readKillConfig } from './kill.config.js'
import { Load } from './load/load.js'
import { Partner } from './load/partner.js'
import { connectReaders, type ConnectedReader } from './load/readers.js'
import { Observer } from './observer.js'
import { Random } from './random.js'
import { leaderOf, takeOvers } from './take-over.js'

const { seed } = readKillConfig()
/** Longer than the broker waits for a member that fell silent. */
const AWAY_MS = 14_000

describeKafka('two instances of each service', () => {
  const history = new History(seed)
  /** When notifiers died: only then may a message come again. */
  const notifierDeaths: number[] = []
  const cleanup: (() => Promise<unknown>)[] = []
  let system: KillSystem
  let observer: Observer
  let load: Load
  let partner: Partner
  let readers: ConnectedReader[] = []

  beforeAll(async () => {
    system = await KillSystem.start(2, history)
    cleanup.push(() => system.stop())
    observer = new Observer(system.database.url)
    cleanup.push(() => observer.close())
    partner = await Partner.register('state-airboard', system.url, system.dataDir)
    cleanup.push(() => partner.stop())
    readers = await connectReaders(system.url)
    cleanup.push(() => Promise.all(readers.map(({ connection }) => connection.close())))
    load = new Load(system, observer, new Random(seed), history, { policies: 100, officials: 15, calm: true })
    cleanup.push(() => load.close())
    await load.start()
    await accepted(15)
  }, 400_000)

  afterAll(async () => {
    for (const step of cleanup.toReversed()) await step()
  }, 120_000)

  it('the other takes over when every leader dies at once', async () => {
    const leaders = await Promise.all(SERVICES.map(async (service) => (await leaderOf(observer, system.fleet, service))!))
    expect(leaders.map((leader) => leader?.name)).toEqual([...SERVICES])
    const [{ now: diedAt } = { now: new Date() }] = await observer.rows<{ now: Date }>('SELECT clock_timestamp() AS now')
    notifierDeaths.push(Date.now())
    await Promise.all(leaders.map((leader) => leader.killForNow()))
    history.add('leaders die', { leaders: leaders.map((leader) => leader.title) })
    const back = Date.now() + AWAY_MS
    await until('the broker has given up its members', async () => Date.now() > back)
    for (const leader of leaders) leader.revive()
    await accepted(load.accepted + 15)
    const measured = await takeOvers(observer, diedAt, AWAY_MS)
    for (const { service, relayMs, handlerMs } of measured) {
      const handler = handlerMs === null ? 'no event to handle' : `events handled after ${(handlerMs / 1000).toFixed(1)} s at most`
      process.stdout.write(`take-over of ${service}: events sent after ${(relayMs / 1000).toFixed(2)} s at most, ${handler}\n`)
    }
    expect(measured.length).toBeGreaterThanOrEqual(SERVICES.length - 1)
    for (const service of SERVICES) expect(await leaderOf(observer, system.fleet, service), service).toBeDefined()
    await system.fleet.ready()
  }, 400_000)

  it('every process is restarted, one after the other, without a failed run', async () => {
    for (const member of system.fleet.members) {
      if (member.name === 'notifier') notifierDeaths.push(Date.now())
      await member.restart()
      await until(`${member.title} is back`, () => member.ready(), 120_000)
    }
  }, 900_000)

  it('nothing was lost, inverted or done twice', async () => {
    const { findings, healing, summary } = await judge({ system, observer, load, partner, readers, history })
    process.stdout.write(`two instances, seed ${seed}\n  ${summary.join('\n  ')}\n`)
    const violations = findings.flatMap(({ oracle, violations: found }) => found.map((violation) => `${oracle}: ${violation}`))
    if (violations.length > 0) process.stdout.write(`history: ${history.save()}\n`)
    expect(healing.stuck).toEqual([])
    expect(violations).toEqual([])
    expect(findings.filter(({ looked }) => looked === 0)).toEqual([])
    expect(system.fleet.fell).toEqual([])
    const states = await observer.rows<{ state: string }>('SELECT DISTINCT state FROM approver.run')
    expect(states).toEqual([{ state: 'SUCCEEDED' }])
    const repeated = [...partner.received].filter(([, times]) => times.length > 1)
    const unexplained = repeated.filter(
      ([, times]) => notifierDeaths.filter((at) => at >= times[0]! - 1_000 && at <= times.at(-1)!).length < times.length - 1,
    )
    expect(unexplained).toEqual([])
  }, 240_000)

  function accepted(runs: number): Promise<void> {
    return until(`${runs} runs are accepted`, async () => load.accepted >= runs, 180_000)
  }
})
