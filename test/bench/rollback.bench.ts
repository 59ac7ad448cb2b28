import { afterAll, beforeAll, describe, it } from 'vitest'
import { describeKafka } from '../kafka/kafka.config.js'
import { BoundedTime } from './rollback/bounded-time.js'
import { withoutBroker } from './rollback/dead-broker.js'
import { duringFreeze } from './rollback/freeze.js'
import { withoutController } from './rollback/killed-controller.js'
import { OneProcess } from './rollback/one-process.js'
import { duringOtherCanary } from './rollback/other-canary.js'
import { duringOwnCanary } from './rollback/own-canary.js'
import { printRow } from './rollback/print-row.js'
import { duringRebalance } from './rollback/rebalance.js'
import type { Rollback } from './rollback/roll-back.js'
import { RollbackSystem } from './rollback/rollback-system.js'

/** With what it takes to stop, the bench ends within eight minutes. */
const WHOLE_MS = 450_000
const ONE_PROCESS_MS = 120_000
const START_MS = 180_000
const ROW_MS = 90_000
const STOP_MS = 25_000
/** Rollbacks before each fault: what else the machine does changes from minute to minute. */
const QUIET = 3

/** The last one leaves a broker dead. */
const FAULTS = [
  ['freeze', duringFreeze],
  ['canary of another policy', duringOtherCanary],
  ['canary of the same policy', duringOwnCanary],
  ['that, canary-controller killed', withoutController],
  ['group of config-store rebalances', duringRebalance],
  ['one of three brokers killed', withoutBroker],
] as const

const time = new BoundedTime(WHOLE_MS)

/** From the command, and from its request, to the acknowledgement of the last of all connected bots. */
describe('rollback', () => {
  it(
    'in one process',
    async () => {
      const system = await OneProcess.launch()
      try {
        await time.run('one process', ONE_PROCESS_MS, () => system.measure())
      } finally {
        await system.stop()
      }
    },
    ONE_PROCESS_MS + STOP_MS,
  )

  describeKafka('of a distributed system', () => {
    const quiet: Rollback[] = []
    let system: RollbackSystem

    beforeAll(async () => {
      system = await time.run('the start', START_MS, () => RollbackSystem.start())
    })
    afterAll(async () => {
      // A row may have been slow for it.
      for (const end of system?.processes.fleet.fell ?? []) process.stdout.write(`by itself: ${end}\n`)
      await system?.stop()
    }, STOP_MS)

    it.each(FAULTS)('%s', (name, measure) =>
      row(name, async () => {
        const before = await system.rollBackQuietly(QUIET)
        quiet.push(...before)
        return { quiet: before, rollbacks: await measure(system) }
      }),
    )
    it('quiet', () => row('quiet, before each of these', async () => ({ rollbacks: quiet })))
    it('floor', () => row('floor of these', async () => ({ rollbacks: await system.measureFloor() })))
  })
})

function row(name: string, measure: Parameters<typeof printRow>[1]): Promise<void> {
  return printRow(name, () => time.run(name, ROW_MS, measure))
}
