import { HmsError, type Action, type ServiceName } from '#libs/contracts'
import { SharedResult, systemClock, type Metrics, type Route } from '#libs/platform'
import type { ServiceRuntime } from '../service-runtime.js'

/** Requests within this time share a result that queries database or broker. */
const SHARED_MS = 1_000

/** State shown by the routes of a host. All services of the process share one instance. */
export class HostContext {
  /** Filled while the application starts. */
  routes: readonly Route[] = []

  constructor(
    readonly services: readonly ServiceRuntime[],
    readonly metrics: Metrics,
    readonly version: string,
  ) {}

  get names(): ServiceName[] {
    return this.services.map(({ name }) => name)
  }

  share<T>(compute: () => Promise<T>): SharedResult<T> {
    return new SharedResult(compute, this.services[0]?.clock ?? systemClock, SHARED_MS)
  }

  /** Returns the service that a path names if it runs in this process; otherwise throws 404 `HMS_SERVICE_UNKNOWN`. */
  service(name: string, next: Action): ServiceRuntime {
    const found = this.services.find((service) => service.name === name)
    if (found !== undefined) return found
    const detail = `No service ${name} runs behind this address; ${this.names.join(', ')} do.`
    throw new HmsError('HMS_SERVICE_UNKNOWN', detail, { status: 404, next: [next] })
  }
}
