import { clientAddress, type TrustedProxies } from '#libs/platform'
import type { FastifyRequest } from 'fastify'
import type { Send } from './answer.js'

/** The address that a request of a browser came from: what it has a service do counts as that client's. */
export type ClientOf = (request: Pick<FastifyRequest, 'raw'>) => string

/** How a form of this request is sent on: as its caller. */
export type SendOf = (request: FastifyRequest) => Send

/** Origin by which a browser reached this console; https if a trusted proxy reports it. `undefined` for an invalid Host. */
export function originBehind({ raw: { socket, headers } }: Pick<FastifyRequest, 'raw'>, trusted: TrustedProxies): string | undefined {
  const isHttps = headers['x-forwarded-proto'] === 'https' && trusted.has(socket.remoteAddress ?? '')
  return /^[\w.:[\]-]{1,255}$/.test(headers.host ?? '') ? `http${isHttps ? 's' : ''}://${headers.host}` : undefined
}

/** `trusted`: proxies that say who stands behind them. */
export function clientBehind(trusted: TrustedProxies): ClientOf {
  return ({ raw: { socket, headers } }) => clientAddress(socket.remoteAddress ?? '', headers, trusted, false)
}
