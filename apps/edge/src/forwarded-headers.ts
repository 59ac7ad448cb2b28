import type { IncomingHttpHeaders } from 'node:http'
import type { IncomingHttpHeaders as IncomingHttp2Headers } from 'node:http2'

/**
 * What of a reader's upgrade goes on to config-store. Everything else stays here: a header that Node reads as an order to itself
 * (`Trailer`, `Expect`, `Transfer-Encoding`) would make the request that is passed on throw, hang, or mean something else.
 */
const OF_THE_TUNNEL = [
  'authorization',
  'user-agent',
  'traceparent',
  'tracestate',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
] as const

export function tunnelHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const given = OF_THE_TUNNEL.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]]))
  return { ...(Object.fromEntries(given) as Record<string, string>), connection: 'Upgrade', upgrade: 'websocket' }
}

/** Who asked, for services that trust loopback with profile dev. */
export function forwardedFor({ headers, socket }: { headers: IncomingHttpHeaders; socket: { remoteAddress?: string } }): {
  'x-forwarded-for': string
} {
  return { 'x-forwarded-for': [headers['x-forwarded-for'] ?? [], socket.remoteAddress ?? 'unknown'].flat().join(', ') }
}

/** What a service says of its own connection is not the client's: that one ends when the client asks for it. */
export function withoutHopByHop<T extends IncomingHttpHeaders | IncomingHttp2Headers>({
  connection: _connection,
  'keep-alive': _keepAlive,
  ...headers
}: T): Omit<T, 'connection' | 'keep-alive'> {
  return headers
}
