import { SERVICE_PATHS, SERVICES, type ServiceName } from '#libs/contracts'

const PREFIXES = SERVICES.flatMap((service) => SERVICE_PATHS[service].map((prefix) => ({ service, prefix })))

/** The service that answers a path, by the table that the edge routes by: the longest prefix wins. */
export function serviceOfPath(path: string): ServiceName {
  const plain = path.split('?', 1)[0]!
  const fitting = PREFIXES.filter(({ prefix }) => plain === prefix || plain.startsWith(`${prefix}/`))
  const longest = fitting.toSorted((a, b) => b.prefix.length - a.prefix.length)[0]
  if (longest === undefined) throw new TypeError(`no service answers ${plain}`)
  return longest.service
}
