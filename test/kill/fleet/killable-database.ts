import { startPostgres, type EmbeddedPostgres } from '#libs/persistence'
import { killWithParent } from '../../support/broker/parent-watch.js'

/** `fast`: sessions are ended, the log is checkpointed. `immediate`: as a crash, the next start recovers from the log. */
export type StopMode = 'fast' | 'immediate'

const SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const

/** A PostgreSQL of the test's own, durable as in production, that can be stopped under its users and started again on its port. */
export class KillableDatabase {
  private constructor(
    private readonly folder: string,
    private server: EmbeddedPostgres,
    private callOff: () => void,
  ) {}

  static async start(folder: string): Promise<KillableDatabase> {
    const server = await startPostgres({ folder })
    return new KillableDatabase(folder, server, killWithParent(server.pid))
  }

  get url(): string {
    return this.server.url
  }

  get port(): number {
    return this.server.port
  }

  get pid(): number {
    return this.server.pid
  }

  async stop(mode: StopMode): Promise<void> {
    process.kill(this.server.pid, SIGNALS[mode])
    await this.server.exited
    await this.server.stop()
    this.callOff()
  }

  async restart(): Promise<void> {
    this.server = await startPostgres({ folder: this.folder, port: this.port })
    this.callOff = killWithParent(this.server.pid)
  }

  async close(): Promise<void> {
    await this.server.stop()
    this.callOff()
  }
}
