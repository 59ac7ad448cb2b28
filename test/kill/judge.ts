import { pause, systemClock } from '#libs/platform'
import type { Load } from './load/load.js'
import type { Partner } from './load/partner.js'
import type { BotReader } from './load/readers.js'
import type { KillSystem } from './fleet/kill-system.js'
import { watchHealing, type Healing } from './healing.js'
import type { History } from './history.js'
import type { Observer } from './observer.js'
import { ORACLES } from './oracles/all.js'
import type { Evidence, Finding, Oracle } from './oracles/oracle.js'
import { readTopics, type TopicRecord } from './oracles/topic-log.js'

const DRAIN_LIMIT_MS = 180_000
/** config-store compares its state with its topic each minute, and publishes again what two comparisons miss. */
const SETTLE_MS = 180_000
const LOOK_AGAIN_MS = 5_000

export interface Verdict {
  findings: (Finding & { oracle: string })[]
  healing: Healing
  /** For people. */
  summary: string[]
}

export interface Judged {
  system: Pick<KillSystem, 'broker' | 'fleet'>
  observer: Observer
  load: Load
  partner: Partner
  readers: readonly BotReader[]
  history: History
}

/** To be called when nothing is broken any more: ends the load, watches how the system gets over it, and asks the oracles. */
export async function judge(
  { system, observer, load, partner, readers, history }: Judged,
  oracles: readonly Oracle[] = ORACLES,
): Promise<Verdict> {
  // Processes that are still starting are part of the healing.
  const healed = watchHealing(observer, history, DRAIN_LIMIT_MS)
  await load.stop()
  const healing = await healed
  await load.close()
  history.add('drained', { ...healing })
  const readLog = (): Promise<readonly TopicRecord[]> => readTopics(system.broker.brokers)
  const log = await readLog()
  const evidence = { observer, ledger: load.ledger, log, partner, readers }
  const findings = await Promise.all(oracles.map(async (oracle) => ({ oracle: oracle.name, ...(await lookAt(oracle, evidence, readLog)) })))
  for (const finding of findings) history.add('oracle', { ...finding })
  const states = await observer.rows<{ state: string; n: string }>(
    'SELECT state, count(*) AS n FROM approver.run GROUP BY state ORDER BY state',
  )
  const { rollbacks, decisions, unanswered, refusals } = load.ledger
  const runs = states.reduce((sum, { n }) => sum + Number(n), 0)
  return {
    findings,
    healing,
    summary: [
      `${runs} runs: ${states.map(({ state, n }) => `${n} ${state}`).join(', ')}`,
      `${rollbacks.length} rollbacks, ${decisions} decisions about paused runs, ${unanswered.length} approvals without an answer, refused: ${[...refusals].map(([code, n]) => `${n} ${code}`).join(', ') || 'none'}`,
      `${system.fleet.gaveUp} processes ended by themselves to get a new consumer, ${system.fleet.fell.length} otherwise`,
      `fresh ${(healing.freshMs / 1000).toFixed(1)} s and drained ${(healing.drainedMs / 1000).toFixed(1)} s after the last fault; ${log.length} records read`,
    ],
  }
}

/** Returns the finding of an oracle. If violations may settle by themselves, asks again until `SETTLE_MS` has passed. */
export async function lookAt(oracle: Oracle, first: Evidence, readLog: () => Promise<Evidence['log']>): Promise<Finding> {
  const until = Date.now() + SETTLE_MS
  for (let evidence = first; ; evidence = { ...first, log: await readLog() }) {
    const finding = await oracle.check(evidence)
    if (oracle.settles !== true || finding.violations.length === 0 || Date.now() > until) return finding
    await pause(systemClock, LOOK_AGAIN_MS)
  }
}
