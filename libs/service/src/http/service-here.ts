import { action, HmsError, type ServiceName } from '#libs/contracts'

/** Returns the service of a path if it runs in this process; otherwise throws 404 `HMS_SERVICE_UNKNOWN`. */
export function serviceHere(here: readonly ServiceName[], name: string): ServiceName {
  const found = here.find((service) => service === name)
  if (found !== undefined) return found
  throw new HmsError('HMS_SERVICE_UNKNOWN', `No service ${name} runs behind this address; ${here.join(', ')} do.`, {
    status: 404,
    next: [action('topics.list')],
  })
}
