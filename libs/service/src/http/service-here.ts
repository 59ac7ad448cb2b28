import { HmsError, type ServiceName } from '#libs/contracts'

/** The service of a path, when it runs in this process; 404 `HMS_SERVICE_UNKNOWN` else. */
export function serviceHere(here: readonly ServiceName[], name: string): ServiceName {
  const found = here.find((service) => service === name)
  if (found !== undefined) return found
  throw new HmsError('HMS_SERVICE_UNKNOWN', `No service ${name} runs behind this address; ${here.join(', ')} do.`, {
    status: 404,
    next: ['hms-svc topics list'],
  })
}
