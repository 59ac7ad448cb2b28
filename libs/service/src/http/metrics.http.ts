import { SharedAnswer, systemClock } from '#libs/platform'
import { Controller, Get, Injectable, Res } from '@nestjs/common'
import type { FastifyReply } from 'fastify'
import { Public, RequireScope } from '../authorization/require-scope.js'
import { HostContext } from './host-context.js'

const LAG_WITHIN_MS = 1_000
/** Collecting asks database and broker: however many ask, it is done once in that time. */
const COLLECT_MS = 1_000

@Injectable()
class MetricsEndpoint {
  private readonly collected: SharedAnswer<string>

  constructor(private readonly host: HostContext) {
    this.collected = new SharedAnswer(() => this.collect(), host.services[0]?.clock ?? systemClock, COLLECT_MS)
  }

  @Get('metrics')
  read(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    void reply.header('content-type', this.host.metrics.registry.contentType)
    return this.collected.get()
  }

  private async collect(): Promise<string> {
    const { services, metrics } = this.host
    await Promise.all([...services.map((service) => service.vitals.refresh()), this.refreshLag()])
    return metrics.page()
  }

  /** Of the groups of this process. A broker that does not answer within a second leaves the gauges as they were. */
  private async refreshLag(): Promise<void> {
    const { services, metrics } = this.host
    const [first] = services
    if (first === undefined) return
    const late = new Promise<undefined>((resolve) => first.clock.after(LAG_WITHIN_MS, () => resolve(undefined)))
    const lags = await Promise.race([first.bus.lag(services.map(({ name }) => name)).catch(() => undefined), late])
    for (const { topic, groups } of lags ?? []) {
      for (const { group, messages, seconds } of groups) {
        metrics.lagMessages.set({ topic, group }, messages)
        metrics.lagSeconds.set({ topic, group }, seconds)
      }
    }
  }
}

/** `HMS_METRICS=public`: a scraper holds no key. */
@Public()
@Controller()
export class MetricsController extends MetricsEndpoint {}

/** `HMS_METRICS=key`. */
@RequireScope('metrics')
@Controller()
export class KeyedMetricsController extends MetricsEndpoint {}
