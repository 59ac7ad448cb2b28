import type { Metrics, Route } from '#libs/platform'
import type { ServiceRuntime } from '../service-runtime.js'

/** State shown by the routes of a host; one for all services of the process. */
export class HostContext {
  /** Filled while the application starts. */
  routes: readonly Route[] = []

  constructor(
    readonly services: readonly ServiceRuntime[],
    readonly metrics: Metrics,
    readonly version: string,
  ) {}
}
