import type { SharedResult } from '#libs/platform'
import { Controller, Get, Injectable, Res } from '@nestjs/common'
import type { FastifyReply } from 'fastify'
import { Public, RequireScope } from '../authorization/require-scope.js'
import { HostContext } from './host-context.js'

const LAG_TIMEOUT_MS = 1_000

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
