import { fileURLToPath } from 'node:url'
import { Served, until } from '../../support/processes.js'

const PROGRAM = fileURLToPath(new URL('bots.mjs', import.meta.url))

/** What the bots of one build saw. */
export interface Seen {
  changes: number
  errors: string[]
  /** The longest that a bot was not `READY`. */
  longestStaleMs: number
  /** The longest that no server confirmed what a bot holds. */
  longestGapMs: number
  /** The longest that the bots' own process did not run. */
  longestPauseMs: number
}

/** Connected bots of one build's SDK, in a process of their own: what this one does makes none of them late. */
export class Bots {
  private constructor(private readonly served: Served) {}

  static async start(sdk: string, url: string, prefix: string, count: number): Promise<Bots> {
    const served = Served.start([sdk, url, prefix, String(count)], {}, PROGRAM)
    await until(`the bots ${prefix} are connected`, async () => served.output.includes('connected') || served.ended, 120_000)
    if (served.ended) throw new Error(`the bots ended: ${served.output}`)
    return new Bots(served)
  }

  async stop(): Promise<Seen> {
    process.kill(this.served.pid, 'SIGUSR2')
    await until('the bots say what they saw', async () => this.served.output.includes('}'))
    await this.served.kill()
    return JSON.parse(this.served.output.trimEnd().split('\n').at(-1)!) as Seen
  }
}
