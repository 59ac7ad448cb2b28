import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { parseScenario } from '#libs/scenario'
import { batchesOf } from '../../apps/simulator/src/replay/run-bot.js'
import { asset, limitOf, virginia } from '../../apps/simulator/src/testing/virginia.fixture.js'
import { WorkerReplayRunner } from '../../apps/simulator/src/replay/worker-replay-runner.js'
import { inputsOf } from '../../apps/simulator/src/simulations/replay-inputs.js'
import { nowMs } from './figures.js'
import { differentBots } from './replay-bots.js'
import { median } from './writers.js'

const BOTS = 64
const THREADS = 2
const ROUNDS = 3
const RUNS = 3

interface Measured {
  wallMs: number
  /** Of all threads of this process: steadier than time on a machine that others use too. */
  cpuMs: number
}

/**
 * 64 different bots over the 7,703 readings of Virginia, under the old policy twice and the new one once, as a run replays them. The floor
 * is a bare loop over the same bots and readings in the same QuickJS, in as many threads of the same process, in turns. Aim: at most 1.3
 * times the floor, and 10 s.
 */
it('a replay beside the same bots in a bare loop', async () => {
  const inputs = await virginiaInputs()
  const bots = differentBots(BOTS)
  const runner = new WorkerReplayRunner({
    workers: THREADS,
    // The machine may be busy with others: processor time is what counts.
    deadlineMs: 600_000,
    entry: new URL('../../dist/apps/simulator/src/replay/worker-entry.js', import.meta.url),
  })
  const replayed = async (): Promise<number> => {
    const { report } = await runner.replay({ bots, scenarios: [inputs] })
    expect(report.bots.filter(({ class: name }) => name !== 'ADAPTED')).toEqual([])
    return report.impact.bots.reduce((sum, { before, after }) => sum + 2 * before + after, 0)
  }
  const bare = { quickjs: await floor('quickjs', bots, inputs), node: await floor('node', bots, inputs) }
  const figures: Record<'replay' | 'quickjs' | 'node', Measured[]> = { replay: [], quickjs: [], node: [] }
  for (let round = 0; round < ROUNDS; round++) {
    figures.replay.push(await measured(replayed))
    figures.quickjs.push(await measured(bare.quickjs.run))
    figures.node.push(await measured(bare.node.run))
  }
  expect(await bare.quickjs.run()).toBe(await bare.node.run())
  await Promise.all([runner.close(), bare.quickjs.close(), bare.node.close()])

  const decisions = BOTS * RUNS * inputs.inputs.length
  const replay = print(`replay of ${BOTS} different bots, ${decisions} decisions, ${THREADS} threads`, figures.replay)
  const quickjs = print('the same bots in a bare QuickJS loop', figures.quickjs)
  print('the same bots in bare Node, for information', figures.node)
  const ratio = (of: keyof Measured): string => (replay[of] / quickjs[of]).toFixed(2)
  process.stdout.write(`replay to bare QuickJS: ${ratio('wallMs')} in time, ${ratio('cpuMs')} in processor time\n`)
})

async function virginiaInputs() {
  const parsed = parseScenario(asset('scenarios/pm25-violation.yaml'), 'pm25-violation.yaml')
  if (!parsed.ok) throw new Error('the scenario of the demo does not parse')
  const [before, after] = [limitOf(35), limitOf(25)].map((policies) => {
    return { 'epa-pm25-limit': { ...policies['epa-pm25-limit'], effective: '2024-09-01T00:00:00Z' } }
  })
  const judged = await inputsOf(parsed.scenario, virginia(), { before: before!, after: after!, changed: ['epa-pm25-limit'], beside: {} })
  if ('why' in judged) throw new Error(judged.why)
  return judged
}

async function floor(
  engine: 'quickjs' | 'node',
  bots: ReturnType<typeof differentBots>,
  inputs: Awaited<ReturnType<typeof virginiaInputs>>,
) {
  const threads = Array.from({ length: THREADS }, () => new Worker(new URL('./bare-loop.mjs', import.meta.url), { env: {} }))
  const sides = [inputs.before!, inputs.before!, inputs.after].map(({ policies }) => JSON.stringify(policies))
  const batches = batchesOf(inputs.inputs).map(({ json }) => json)
  return {
    run: async (): Promise<number> => {
      const answers = threads.map((thread, share) => {
        const answer = once(thread, 'message') as Promise<[number]>
        thread.postMessage({ engine, bots: bots.filter((_bot, index) => index % THREADS === share), batches, sides }, [])
        return answer
      })
      return (await Promise.all(answers)).reduce((sum, [alerts]) => sum + alerts, 0)
    },
    close: async (): Promise<void> => void (await Promise.all(threads.map((thread) => thread.terminate()))),
  }
}

async function measured(work: () => Promise<unknown>): Promise<Measured> {
  const [before, startMs] = [process.cpuUsage(), nowMs()]
  await work()
  const { user, system } = process.cpuUsage(before)
  return { wallMs: nowMs() - startMs, cpuMs: (user + system) / 1_000 }
}

function print(label: string, figures: readonly Measured[]): Measured {
  const [wallMs, cpuMs] = [median(figures.map((each) => each.wallMs)), median(figures.map((each) => each.cpuMs))]
  process.stdout.write(`${label.padEnd(74)} ${wallMs.toFixed(0).padStart(7)} ms, ${cpuMs.toFixed(0)} ms of processor time\n`)
  return { wallMs, cpuMs }
}
