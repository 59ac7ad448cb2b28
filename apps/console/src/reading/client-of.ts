import { clientAddress, type TrustedProxies } from '#libs/platform'
import type { FastifyRequest } from 'fastify'
import type { Send } from './answer.js'

/** Returns the client address of a browser's request. What services do for the request counts towards that client's limits. */
export type ClientOf = (request: Pick<FastifyRequest, 'raw'>) => string

/** Returns the `Send` that forwards a form of this request to a service: with its caller's key or none, never the console's own. */
export type SendOf = (request: FastifyRequest) => Send

/** Origin by which a browser reached this console; https if a trusted proxy reports it. `undefined` for an invalid Host. */
export function originBehind({ raw: { socket, headers } }: Pick<FastifyRequest, 'raw'>, trusted: TrustedProxies): string | undefined {
  const isHttps = headers['x-forwarded-proto'] === 'https' && trusted.has(socket.remoteAddress ?? '')
  return /^[\w.:[\]-]{1,255}$/.test(headers.host ?? '') ? `http${isHttps ? 's' : ''}://${headers.host}` : undefined
}

/** Returns a `ClientOf` that takes the address from the forwarding headers of `trusted` proxies only. */
export function clientBehind(trusted: TrustedProxies): ClientOf {
  return ({ raw: { socket, headers } }) => clientAddress(socket.remoteAddress ?? '', headers, trusted, false)
}
