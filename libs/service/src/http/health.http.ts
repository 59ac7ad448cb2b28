import type { SharedResult } from '#libs/platform'
import { Controller, Get, Res } from '@nestjs/common'
import type { FastifyReply } from 'fastify'
import { Public } from '../authorization/require-scope.js'
import type { ServiceRuntime } from '../service-runtime.js'
import { HostContext } from './host-context.js'

/** Public: probes have no key, and no value is shown. */
@Public()
@Controller()
export class HealthController {
  private readonly states: SharedResult<Awaited<ReturnType<typeof stateOf>>[]>

  constructor(host: HostContext) {
    this.states = host.share(() => Promise.all(host.services.map(stateOf)))
  }

  /** Responds while the process runs. */
  @Get('livez')
  live(): object {
    return { status: 'up' }
  }

  /**
   * Responds 503 only without database or migrations: reads, approvals and rollback need neither the broker nor anything else reported as
   * `degraded`.
   */
  @Get('readyz')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const services = await this.states.get()
    const ready = services.every((service) => service.database === 'up' && service.migrations === 'current')
    const degraded = services.some(({ broker, concerns }) => broker === 'degraded' || concerns !== undefined)
    if (!ready) void reply.status(503).header('retry-after', '2')
    return { status: ready ? (degraded ? 'degraded' : 'up') : 'down', services }
  }
}

async function stateOf(runtime: ServiceRuntime) {
  const { database, migrations, fault } = await runtime.ready()
  const concerns = [...runtime.concerns.all, ...(fault === undefined ? [] : [fault])]
  const clockOffMs = database ? await clockOff(runtime) : undefined
  return {
    service: runtime.name,
    database: database ? 'up' : 'down',
    migrations: migrations ? 'current' : 'missing',
    broker: runtime.bus.state(),
    concerns: concerns.length > 0 ? concerns : undefined,
    clockOffMs,
  }
}

/** Returns how far the clock of this process is ahead of the database's, in ms. Informational, for comparing logs. */
async function clockOff(runtime: ServiceRuntime): Promise<number | undefined> {
  const before = runtime.clock.now().getTime()
  const database = await runtime.database.transaction(async (tx) => tx.now).catch(() => undefined)
  // The midpoint between request and response.
  return database === undefined ? undefined : Math.round((before + runtime.clock.now().getTime()) / 2 - database.getTime())
}
