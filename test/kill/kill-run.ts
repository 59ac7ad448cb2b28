import { pause, systemClock } from '#libs/platform'
import { Chaos, type WeightedFaults } from './chaos/chaos.js'
import type { KillSystem } from './fleet/kill-system.js'
import { watchHealing, type Healing } from './healing.js'
import type { History } from './history.js'
import type { KillConfig } from './kill.config.js'
import { Load } from './load/load.js'
import { Observer } from './observer.js'
import { ORACLES } from './oracles/all.js'
import type { Finding } from './oracles/oracle.js'
import { readTopics } from './oracles/topic-log.js'
import { Random } from './random.js'

const LOOK_EVERY_MS = 200
const SHORTEST_GAP_MS = 700
const LONGEST_GAP_MS = 6_000
const DRAIN_LIMIT_MS = 120_000

export interface Outcome {
  findings: (Finding & { oracle: string })[]
  healing: Healing
  /** For people: what was done, and how fast. */
  summary: string
}

/** Load and faults together until there were enough of both, then calm, and what the oracles say. */
export async function killRun(system: KillSystem, config: KillConfig, history: History, faults?: WeightedFaults): Promise<Outcome> {
  const observer = new Observer(system.database.url)
  const random = new Random(config.seed)
  const load = new Load(system, observer, new Random(config.seed + 1), history, { policies: 100, officials: 30 })
  const chaos = new Chaos(system, random, history, faults)
  const startedAt = Date.now()
  await load.start()
  for (let lastAt = Date.now(); load.accepted < config.runs || chaos.kills < config.kills; await pause(systemClock, LOOK_EVERY_MS)) {
    const gapMs = Date.now() - lastAt
    // Spread over the runs, so that both are through at about the same time.
    const due = load.accepted / config.runs >= chaos.kills / config.kills
    if (chaos.kills >= config.kills || gapMs < SHORTEST_GAP_MS || (!due && gapMs < LONGEST_GAP_MS)) continue
    chaos.strike()
    lastAt = Date.now()
  }
  await chaos.calm()
  const loadMs = Date.now() - startedAt
  history.add('calm')
  // Processes that are still starting are part of the healing.
  const healed = watchHealing(observer, DRAIN_LIMIT_MS)
  await load.stop()
  const healing = await healed
  history.add('drained', { ...healing })
  const log = await readTopics(system.broker.brokers)
  const findings = await Promise.all(ORACLES.map(async (oracle) => ({ oracle: oracle.name, ...(await oracle.check({ observer, ledger: load.ledger, log })) })))
  const states = await observer.rows<{ state: string; n: string }>('SELECT state, count(*) AS n FROM approver.run GROUP BY state ORDER BY state')
  await observer.close()
  const total = states.reduce((sum, { n }) => sum + Number(n), 0)
  const summary = [
    `seed ${config.seed}: ${chaos.kills} kills (${chaos.summary})`,
    `${total} runs (${states.map(({ state, n }) => `${n} ${state}`).join(', ')}) in ${(loadMs / 1000).toFixed(0)} s, ${(total / (loadMs / 1000)).toFixed(1)} runs/s`,
    `${load.ledger.rollbacks.length} rollbacks; ${load.ledger.unanswered.length} approvals without an answer; refused: ${[...load.ledger.refusals].map(([code, n]) => `${n} ${code}`).join(', ') || 'none'}`,
    `healed in ${(healing.freshMs / 1000).toFixed(1)} s, drained in ${(healing.drainedMs / 1000).toFixed(1)} s; ${log.length} records read`,
    `fell without being asked to: ${system.fleet.fell.length}`,
  ].join('\n  ')
  return { findings, healing, summary }
}
