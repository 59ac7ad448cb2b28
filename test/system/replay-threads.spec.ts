import { afterAll, describe, expect, it } from 'vitest'
import { encodeReport } from '../../apps/simulator/src/replay/report.js'
import { asset, tightening, virginia } from '../../apps/simulator/src/testing/virginia.fixture.js'
import { WorkerReplayRunner } from '../../apps/simulator/src/replay/worker-replay-runner.js'

/** The compiled thread, as it ships. */
const entry = new URL('../../dist/apps/simulator/src/replay/worker-entry.js', import.meta.url)
const RUNS = 20
/** Adapts, if the other policy that it declares is there. */
const OF_TWO = `export const policies = ['epa-pm25-limit', 'ozone-limit']
export default (reading, getPolicy) =>
  reading.pm25 > getPolicy('epa-pm25-limit').limit + getPolicy('ozone-limit').limit ? { alert: 'Violation', value: reading.pm25 } : null`

describe('a replay in threads', () => {
  const runners = [1, 2].map((workers) => new WorkerReplayRunner({ workers, entry }))
  afterAll(async () => void (await Promise.all(runners.map((runner) => runner.close()))))

  it('has the same bytes with one thread and with two, over shuffled corpora', async () => {
    const readings = virginia().filter((_reading, index) => index % 4 === 0)
    const inspector = asset('bots/inspector.js')
    const bots = [
      { id: 'boston', source: inspector },
      { id: 'albany', source: `${inspector}// another text` },
      { id: 'cairo', source: inspector },
      { id: 'dover', source: asset('bots/hard-coded.js') },
      { id: 'essex', source: OF_TWO },
    ]
    const beside = { 'ozone-limit': { id: 'ozone-limit', version: '1.0.0', limit: 0 } }
    const reports = new Set<string>()
    for (let run = 0; run < RUNS; run++) {
      // Eleven divides neither length: each turn is another order of all of them.
      const turn = <T>(all: readonly T[]): T[] => all.map((_each, index) => all[(index * 11 + run) % all.length]!)
      const { report } = await runners[run % 2]!.replay({ bots: turn(bots), scenarios: [tightening(turn(readings))], beside })
      reports.add(encodeReport(report))
    }
    expect(reports.size).toBe(1)
    expect([...reports][0]).toContain('"class":"STALE"')
    expect([...reports][0]).not.toContain('"class":"CRASHED"')
    expect([...reports][0]).toContain('"beside":[{"digest":"sha256:')
  }, 120_000)
})
