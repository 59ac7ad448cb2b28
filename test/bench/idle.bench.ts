import { readFileSync } from 'node:fs'
import { it } from 'vitest'
import { describeKafka } from '../kafka/kafka.config.js'
import { until } from '../support/processes.js'
import { nowMs } from './figures.js'
import { ScaledSystem } from './scaled-system.js'

/** What a start leaves to be done is not what it costs to wait: V8 compiles and collects for a minute. */
const SETTLED_MS = 120_000
const IDLE_MS = 60_000

/** What processes with nothing to do cost: the share of a core, and memory. */
describeKafka('idle', () => {
  it('eight services and the edge on one broker', async () => {
    const system = await ScaledSystem.start(1, 1)
    try {
      await over(SETTLED_MS)
      const before = { cpu: system.cpu(), at: nowMs() }
      await over(IDLE_MS)
      const percent = ([name, ms]: [string, number]): [string, number] => [
        name,
        (100 * (ms - before.cpu.get(name)!)) / (nowMs() - before.at),
      ]
      const shares = [...system.cpu()].map(percent)
      for (const [name, share] of shares) {
        const member = system.fleet.members.find((each) => each.name === name)
        process.stdout.write(
          `${name.padEnd(20)} ${share.toFixed(2).padStart(6)} % of a core${member === undefined ? '' : `  ${memoryOf(member.pid)}`}\n`,
        )
      }
      const ours = shares
        .filter(([name]) => system.fleet.members.some((each) => each.name === name))
        .reduce((sum, [, share]) => sum + share, 0)
      process.stdout.write(`nine processes together: ${ours.toFixed(1)} % of a core\n`)
    } finally {
      await system.stop()
    }
  })
})

function over(ms: number): Promise<void> {
  const end = nowMs() + ms
  return until('the time is over', async () => nowMs() > end, 2 * ms)
}

/** Resident, and the part of it that no other process shares. */
function memoryOf(pid: number): string {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const mb = (name: string): string => (Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024).toFixed(0)
    return `${mb('VmRSS')} MB resident, ${mb('RssAnon')} MB of its own`
  } catch {
    return 'memory is not told on this system'
  }
}
