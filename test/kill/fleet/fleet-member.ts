import type { ServiceName } from '#libs/contracts'
import { BIN, ready, Served } from '../../support/processes.js'
import type { History } from '../history.js'

export type ProcessName = ServiceName | 'edge'

const AGAIN_AFTER_MS = 500
const LAST_LINES = 15
const ERROR_LINES = 20
const GIVEN_UP = 'a Kafka consumer failed permanently'

/** One process under a supervisor, as an orchestrator would have it: whatever ends it, it is started again. */
export class FleetMember {
  /** How it ended without being asked to, after it had begun to serve. Starting without a database may fail; serving may not. */
  readonly fell: string[] = []
  /** How often it ended because kafkajs would not go on with a consumer: a silent one would be worse. */
  gaveUp = 0
  private served: Served
  private wanted = true
  private expected = false
  private frozen = false

  constructor(
    readonly name: ProcessName,
    readonly instance: number,
    readonly url: string,
    private readonly env: Record<string, string>,
    private readonly history: History,
    /** The build it runs. */
    private bin = BIN,
  ) {
    this.served = this.launch()
  }

  get title(): string {
    return `${this.name}-${this.instance}`
  }

  get pid(): number {
    return this.served.pid
  }

  ready(): Promise<boolean> {
    return this.frozen ? Promise.resolve(false) : ready(this.url)
  }

  /** `kill -9`; the supervisor starts it again at once. */
  async kill(): Promise<void> {
    this.expected = true
    await this.served.kill()
  }

  /** `kill -9`, and the machine it ran on is gone too: it stays away until `revive`. */
  async killForNow(): Promise<void> {
    this.wanted = false
    await this.served.kill()
  }

  revive(): void {
    this.wanted = true
    this.served = this.launch()
  }

  /** In order, as at a deployment; the supervisor starts it again at once, of that build. */
  async restart(bin = this.bin): Promise<void> {
    this.bin = bin
    this.expected = true
    await this.served.stop()
  }

  freeze(): void {
    this.frozen = true
    this.served.freeze()
  }

  thaw(): void {
    this.frozen = false
    this.served.thaw()
  }

  /** For good. */
  async stop(): Promise<void> {
    this.wanted = false
    this.thaw()
    await this.served.stop()
  }

  private launch(): Served {
    const served = Served.start(['serve', this.name], this.env, this.bin)
    void served.exited.then((how) => this.onExit(served, how))
    return served
  }

  /** What it said at level error and above, into the history: nothing that faults explain is said there. */
  private tellErrors(served: Served): void {
    for (const line of served.output
      .split('\n')
      .filter((text) => /"level":"(error|fatal)"/.test(text))
      .slice(-ERROR_LINES))
      this.history.add('error', { process: this.title, line })
  }

  private onExit(served: Served, how: number | NodeJS.Signals): void {
    this.tellErrors(served)
    if (!this.wanted) return
    this.frozen = false
    const asked = this.expected
    this.expected = false
    if (asked) {
      this.served = this.launch()
      return
    }
    const lines = served.output.trimEnd().split('\n').slice(-LAST_LINES)
    this.history.add('ended by itself', { process: this.title, how, lines })
    if (served.output.includes(GIVEN_UP)) this.gaveUp++
    else if (/ listens? on \d+/.test(served.output)) this.fell.push(`${this.title} ended with ${how}: ${lines.at(-1) ?? ''}`)
    setTimeout(() => {
      if (this.wanted) this.served = this.launch()
    }, AGAIN_AFTER_MS)
  }
}
