import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeKafka } from '../kafka/kafka.config.js'
import { KillSystem } from './fleet/kill-system.js'
import { History } from './history.js'
import { readKillConfig } from './kill.config.js'
import { killRun } from './kill-run.js'

const config = readKillConfig()
/** A run takes a tenth of a second and a kill some; the margin is for machines with other things to do. */
const LIMIT_MS = 400_000 + config.kills * 20_000 + config.runs * 3_000
/** Within it after the last fault, no event and no timer waits any longer. */
const FRESH_MS = 30_000

describeKafka('eight processes on real Kafka and PostgreSQL, killed at random', () => {
  const history = new History(config.seed)
  let system: KillSystem
  let startMs: number

  beforeAll(async () => {
    const startedAt = Date.now()
    system = await KillSystem.start(1, history)
    startMs = Date.now() - startedAt
  }, 400_000)

  afterAll(() => system.stop(), 120_000)

  it(
    `lose nothing, do nothing twice and get stuck nowhere (seed ${config.seed})`,
    async () => {
      try {
        const { findings, healing, summary } = await killRun(system, config, history)
        process.stdout.write(`kill run\n  ${summary.join('\n  ')}\n`)
        expect(findings.filter(({ looked }) => looked === 0)).toEqual([])
        expect(healing.stuck).toEqual([])
        expect(findings.flatMap(({ oracle, violations }) => violations.map((violation) => `${oracle}: ${violation}`))).toEqual([])
        expect(system.fleet.fell).toEqual([])
        // On a slow machine in the time that it takes to start two such fleets.
        expect(healing.freshMs).toBeLessThan(Math.max(FRESH_MS, 2 * startMs))
      } catch (error) {
        process.stdout.write(`history of seed ${config.seed}: ${history.save()}\n`)
        throw error
      }
    },
    LIMIT_MS,
  )
})
