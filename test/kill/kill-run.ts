import { pause, systemClock } from '#libs/platform'
import { Chaos, type WeightedFaults } from './chaos/chaos.js'
import type { KillSystem } from './fleet/kill-system.js'
import type { History } from './history.js'
import { judge, type Verdict } from './judge.js'
import type { KillConfig } from './kill.config.js'
import { Load } from './load/load.js'
import { Partner } from './load/partner.js'
import { connectReaders } from './load/readers.js'
import { Observer } from './observer.js'
import { Random } from './random.js'

const LOOK_EVERY_MS = 200
const SHORTEST_GAP_MS = 700
/** No kill for so long: whatever the runs do, they are not left in peace. */
const LONGEST_GAP_MS = 20_000

/** Load and faults together until there were enough of both, then calm, and what the oracles say. */
export async function killRun(system: KillSystem, config: KillConfig, history: History, faults?: WeightedFaults): Promise<Verdict> {
  const observer = new Observer(system.database.url)
  const load = new Load(system, observer, new Random(config.seed + 1), history, { policies: 200, officials: 50, calm: false })
  const chaos = new Chaos(system, new Random(config.seed), history, faults)
  const partner = await Partner.register('state-airboard', system.url, system.dataDir)
  const readers = await connectReaders(system.url)
  const startedAt = Date.now()
  await load.start()
  for (let lastAt = startedAt; load.accepted < config.runs || chaos.kills < config.kills; await pause(systemClock, LOOK_EVERY_MS)) {
    const gapMs = Date.now() - lastAt
    // Spread over the runs, so that both are through at about the same time.
    const due = load.accepted / config.runs >= chaos.kills / config.kills
    if (chaos.kills >= config.kills || gapMs < SHORTEST_GAP_MS || (!due && gapMs < LONGEST_GAP_MS)) continue
    chaos.strike()
    lastAt = Date.now()
  }
  await chaos.calm()
  history.add('calm')
  const seconds = (Date.now() - startedAt) / 1000
  const { summary, ...verdict } = await judge({ system, observer, load, partner, readers, history })
  await Promise.all([observer.close(), partner.stop(), ...readers.map(({ connection }) => connection.close())])
  const rate = `${load.accepted} runs accepted in ${seconds.toFixed(0)} s, ${(load.accepted / seconds).toFixed(1)} a second`
  return { ...verdict, summary: [`seed ${config.seed}: ${chaos.kills} kills (${chaos.summary})`, rate, ...summary] }
}
