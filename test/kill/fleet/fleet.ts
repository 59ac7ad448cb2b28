import { variableOf } from '#libs/process'
import { SERVICES, type ServiceName } from '#libs/contracts'
import { freePort, until } from '../../support/processes.js'
import type { History } from '../history.js'
import { FleetMember, type ProcessName } from './fleet-member.js'

export interface FleetSize {
  /** How many of a service, or of the edge. */
  of(name: ProcessName): number
  /** The build that all of them run at first. */
  bin?: string
}

/** All processes of a distributed system. */
export class Fleet {
  private constructor(
    readonly members: readonly FleetMember[],
    readonly url: string,
  ) {}

  /** Adds the ports of all instances to `env`, and starts every process on it. */
  static async start(env: Record<string, string>, size: FleetSize, history: History): Promise<Fleet> {
    const ports = new Map<ServiceName, number[]>()
    for (const service of SERVICES) {
      const own: number[] = []
      for (let instance = 0; instance < size.of(service); instance++) own.push(await freePort())
      ports.set(service, own)
      env[variableOf(service, 'URLS')] = own.map((port) => `http://127.0.0.1:${port}`).join(',')
    }
    const edges = await Promise.all(Array.from({ length: size.of('edge') }, () => freePort()))
    env['HMS_PORT'] = String(edges[0])
    env['HMS_URL'] = `http://127.0.0.1:${edges[0]}`
    const members = SERVICES.flatMap((service) =>
      ports.get(service)!.map((port, instance) => {
        const own = {
          ...env,
          [variableOf(service, 'PORT')]: String(port),
          HMS_DATABASE_URL: namedUrl(env['HMS_DATABASE_URL']!, `${service}-${instance}`),
        }
        return new FleetMember(service, instance, `http://127.0.0.1:${port}`, own, history, size.bin)
      }),
    )
    for (const [instance, port] of edges.entries()) {
      const url = `http://127.0.0.1:${port}`
      members.push(new FleetMember('edge', instance, url, { ...env, HMS_PORT: String(port), HMS_URL: url }, history, size.bin))
    }
    return new Fleet(members, env['HMS_URL'])
  }

  of(name: ProcessName): readonly FleetMember[] {
    return this.members.filter((member) => member.name === name)
  }

  /** Patient: twice eight processes that start at once on a busy machine take their time. */
  async ready(timeoutMs = 240_000): Promise<void> {
    await Promise.all(this.members.map((member) => until(`${member.title} is ready`, () => member.ready(), timeoutMs)))
  }

  /** Every unexpected end of a process that was serving. */
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
