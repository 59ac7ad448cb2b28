import { clientAddress, type TrustedProxies } from '#libs/platform'
import type { FastifyRequest } from 'fastify'

/** The address that a request of a browser came from: what it has a service do counts as that client's. */
export type ClientOf = (request: Pick<FastifyRequest, 'raw'>) => string

/** `trusted`: proxies that say who stands behind them. */
export function clientBehind(trusted: TrustedProxies): ClientOf {
  return ({ raw: { socket, headers } }) => clientAddress(socket.remoteAddress ?? '', headers, trusted, false)
}
