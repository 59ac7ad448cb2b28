import { READY_STATES, readyState, type ServiceReadiness } from '#libs/contracts'
import { asyncApi, errorPage, noErrorPage, openApi, type SharedResult } from '#libs/platform'
import { Controller, Get, Header, Injectable, Param, Res } from '@nestjs/common'
import type { FastifyReply } from 'fastify'
import { Public, RequireScope } from '../authorization/require-scope.js'
import type { ServiceRuntime } from '../service-runtime.js'
import { HostContext } from './host-context.js'

const LAG_TIMEOUT_MS = 1_000

/** Public: probes have no key, and no value is shown. */
@Public()
@Controller()
export class HealthController {
  private readonly states: SharedResult<ServiceReadiness[]>

  constructor(host: HostContext) {
    this.states = host.share(() => Promise.all(host.services.map(readinessOf)))
  }

  /** Responds while the process runs. */
  @Get('livez')
  live(): object {
    return { status: 'up' }
  }

  /** Responds 503 only without database or migrations: reads, approvals and rollback need nothing that `degraded` names. */
  @Get('readyz')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const services = await this.states.get()
    const states = services.map(readyState)
    const status = READY_STATES.findLast((state) => states.includes(state)) ?? 'up'
    if (status === 'down') void reply.status(503).header('retry-after', '2')
    return { status, services }
  }
}

async function readinessOf(runtime: ServiceRuntime): Promise<ServiceReadiness> {
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

@Injectable()
class MetricsEndpoint {
  private readonly collected: SharedResult<string> = this.host.share(() => this.collect())

  constructor(private readonly host: HostContext) {}

  /** Returns the metrics of this process in the Prometheus text format. */
  @Get('metrics')
  read(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    void reply.header('content-type', this.host.metrics.registry.contentType)
    return this.collected.get()
  }

  private async collect(): Promise<string> {
    const { services, metrics } = this.host
    await Promise.all([...services.map((service) => service.vitals.refresh()), this.refreshLag()])
    return metrics.render()
  }

  /** Updates the lag of this process's groups. If the broker does not respond within a second, the gauges keep their values. */
  private async refreshLag(): Promise<void> {
    const { services, metrics } = this.host
    const [first] = services
    if (first === undefined) return
    const timeout = new Promise<undefined>((resolve) => first.clock.after(LAG_TIMEOUT_MS, () => resolve(undefined)))
    const lags = await Promise.race([first.bus.lag(this.host.names).catch(() => undefined), timeout])
    for (const { topic, groups } of lags ?? []) {
      for (const { group, messages, seconds } of groups) {
        metrics.lagMessages.set({ topic, group }, messages)
        metrics.lagSeconds.set({ topic, group }, seconds)
      }
    }
  }
}

/** Public variant, for `HMS_METRICS=public`: a scraper has no key. */
@Public()
@Controller()
export class MetricsController extends MetricsEndpoint {}

/** Variant for `HMS_METRICS=key`. */
@RequireScope('metrics') // guard: metrics-by-key
@Controller()
export class KeyedMetricsController extends MetricsEndpoint {}

/** Public: it describes the API of the software, not the data of an installation. */
@Public()
@Controller()
export class DescriptionController {
  constructor(private readonly host: HostContext) {}

  /** Returns the OpenAPI document of the routes of this process. */
  @Get('openapi.json')
  routes(): object {
    return openApi(this.host.version, this.host.routes)
  }

  /** Returns the AsyncAPI document of all topics and their events. */
  @Get('asyncapi.json')
  topics(): object {
    return asyncApi(this.host.version)
  }

  /** Explains an error code: what it means, and what to do. */
  @Get('docs/errors/:code')
  @Header('content-type', 'text/plain; charset=utf-8')
  errorPage(@Param('code') code: string, @Res({ passthrough: true }) reply: FastifyReply): string {
    const page = errorPage(code)
    if (page === undefined) void reply.status(404)
    return page ?? noErrorPage(code)
  }
}
