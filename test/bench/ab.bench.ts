import { readFileSync } from 'node:fs'
import { it } from 'vitest'
import { KillableDatabase } from '../kill/fleet/killable-database.js'
import { fleetEnvironment, makeTablesAndTopics } from '../kill/fleet/fleet-environment.js'
import { Fleet } from '../kill/fleet/fleet.js'
import { History } from '../kill/history.js'
import { BrokerCluster } from '../support/broker/broker-cluster.js'
import { scratchFolder, until } from '../support/processes.js'
import { processMs } from './cpu-time.js'
import { nowMs } from './figures.js'
import { measureRuns } from './measure-runs.js'

const say = (text: string): void => void process.stdout.write(text + '\n')
const over = (ms: number): Promise<void> => { const end = nowMs() + ms; return until('over', async () => nowMs() > end, 2 * ms) }
const kb = (t: string, n: string): number => Number(new RegExp(`^${n}:\\s+(\\d+)`, 'm').exec(t)?.[1] ?? 0) / 1024
it('ab', async () => {
  const scratch = scratchFolder()
  const [broker, database] = await Promise.all([BrokerCluster.start(1), KillableDatabase.start(scratch.path)])
  const base = fleetEnvironment(scratch.path, broker.brokers, database.url)
  await makeTablesAndTopics({ ...base, HMS_KAFKA_REPLICATION: '1' })
  let round = 0
  try {
    for (const variant of process.env['AB']!.split(';')) {
      const [name, bin, options = ''] = variant.split(',') as [string, string, string?]
      const env: Record<string, string> = { ...base, HMS_KAFKA_REPLICATION: '1' }
      if (options) env['NODE_OPTIONS'] = options
      const fleet = await Fleet.start(env, { of: () => 1, bin }, new History(0))
      try {
        await fleet.ready()
        const memory = (label: string): void => {
          let sum = 0
          const parts = fleet.members.map(({ name: service, pid }) => {
            const t = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
            sum += kb(t, 'Pss')
            return `${service} ${kb(t, 'Pss').toFixed(0)} (own ${kb(t, 'Pss_Anon').toFixed(0)}, rss ${kb(t, 'Rss').toFixed(0)})`
          })
          say(`${name} ${label}: ${parts.join('; ')}; together ${sum.toFixed(0)}`)
        }
        for (const s of (process.env['AB_IDLE'] ?? '20,60').split(',').map(Number)) { await over(s * 1000); memory(`idle +${s}s`) }
        const cpu = (): number[] => fleet.members.map(({ pid }) => processMs(pid))
        say(`${name} cpu so far: ${cpu().join(' ')}`)
        const runs = Number(process.env['AB_RUNS'] ?? 0)
        if (runs > 0) {
          await measureRuns(fleet.url, env['HMS_DATA_DIR']!, 10, `warm-limit-${round}`)
          const rounds: number[] = []
          for (let n = 0; n < 3; n++) {
            const before = cpu()
            await measureRuns(fleet.url, env['HMS_DATA_DIR']!, runs, `ab-limit-${round}-${n}`)
            const per = cpu().map((ms, i) => (ms - before[i]!) / runs)
            rounds.push(per.reduce((a, b) => a + b, 0))
            say(`${name} ms a run: ${fleet.members.map((m, i) => `${m.name} ${per[i]!.toFixed(0)}`).join(' ')} = ${rounds.at(-1)!.toFixed(0)}`)
          }
          memory('after runs'); await over(30_000); memory('after runs +30s'); await over(60_000); memory('after runs +90s')
        }
      } finally { await fleet.stop() }
      round++
    }
  } finally { await Promise.all([broker.stop(), database.close()]); scratch.remove() }
}, 3_600_000)
