import { variableOf } from '#libs/process'
import { SERVICES, type ServiceName } from '#libs/contracts'
import { freePort, until } from '../../support/processes.js'
import type { History } from '../history.js'
import { FleetMember, type ProcessName } from './fleet-member.js'

/** All processes of a distributed system: so many of each service, and one edge. */
export class Fleet {
  private constructor(
    readonly members: readonly FleetMember[],
    readonly url: string,
  ) {}

  /** Adds the ports of all instances to `env`, and starts every process on it. */
  static async start(env: Record<string, string>, instances: number, history: History): Promise<Fleet> {
    const ports = new Map<ServiceName, number[]>()
    for (const service of SERVICES) {
      const own: number[] = []
      for (let instance = 0; instance < instances; instance++) own.push(await freePort())
      ports.set(service, own)
      env[variableOf(service, 'URLS')] = own.map((port) => `http://127.0.0.1:${port}`).join(',')
    }
    env['HMS_PORT'] = String(await freePort())
    env['HMS_URL'] = `http://127.0.0.1:${env['HMS_PORT']}`
    const members = SERVICES.flatMap((service) =>
      ports.get(service)!.map((port, instance) => {
        const own = {
          ...env,
          [variableOf(service, 'PORT')]: String(port),
          HMS_DATABASE_URL: namedUrl(env['HMS_DATABASE_URL']!, `${service}-${instance}`),
        }
        return new FleetMember(service, instance, `http://127.0.0.1:${port}`, own, history)
      }),
    )
    const edge = new FleetMember('edge', 0, env['HMS_URL'], env, history)
    return new Fleet([...members, edge], env['HMS_URL'])
  }

  of(name: ProcessName): readonly FleetMember[] {
    return this.members.filter((member) => member.name === name)
  }

  /** Patient: twice eight processes that start at once on a busy machine take their time. */
  async ready(timeoutMs = 240_000): Promise<void> {
    await Promise.all(this.members.map((member) => until(`${member.title} is ready`, () => member.ready(), timeoutMs)))
  }

  /** Every end that nobody asked for, of a process that was serving. */
  get fell(): string[] {
    return this.members.flatMap((member) => member.fell)
  }

  get gaveUp(): number {
    return this.members.reduce((sum, member) => sum + member.gaveUp, 0)
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()))
  }
}

/** Its name shows in `pg_stat_activity`: which instance holds which lock. */
function namedUrl(databaseUrl: string, title: string): string {
  const url = new URL(databaseUrl)
  url.searchParams.set('application_name', title)
  return url.href
}
