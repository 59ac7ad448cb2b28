import { CLIENT_HEADER, clientAddress, type TrustedProxies } from '#libs/platform'
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
  'if-revision-at-least',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
] as const

export function tunnelHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const given = OF_THE_TUNNEL.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]]))
  return { ...(Object.fromEntries(given) as Record<string, string>), connection: 'Upgrade', upgrade: 'websocket' }
}

/** Who asked: all that was said of it, for services that trust loopback with profile dev, and the one address that its limits go by. */
export function forwardedFor(
  { headers, socket }: { headers: IncomingHttpHeaders; socket: { remoteAddress?: string } },
  trusted: TrustedProxies,
): { 'x-forwarded-for': string; [CLIENT_HEADER]: string } {
  const peer = socket.remoteAddress ?? 'unknown'
  return {
    'x-forwarded-for': [headers['x-forwarded-for'] ?? [], peer].flat().join(', '),
    [CLIENT_HEADER]: clientAddress(peer, headers, trusted, false),
  }
}

/** What a service says of its own connection is not the client's: that one ends when the client asks for it. */
export function withoutHopByHop<T extends IncomingHttpHeaders | IncomingHttp2Headers>({
  connection: _connection,
  'keep-alive': _keepAlive,
  ...headers
}: T): Omit<T, 'connection' | 'keep-alive'> {
  return headers
}
