import { CLIENT_HEADER, clientAddress, type TrustedProxies } from '#libs/platform'
import type { IncomingHttpHeaders } from 'node:http'

/**
 * Headers of a reader's upgrade request that are forwarded to config-store. All others are dropped, because a header that Node interprets
 * itself (`Trailer`, `Expect`, `Transfer-Encoding`) would make the forwarded request throw, hang, or mean something else.
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

/** Returns the whole proxy chain (profile dev trusts loopback), the host for addresses in responses, and the client for rate limits. */
export function forwardedFor(
  { headers, socket }: { headers: IncomingHttpHeaders; socket: { remoteAddress?: string } },
  trusted: TrustedProxies,
): Record<string, string> {
  const peer = socket.remoteAddress ?? 'unknown'
  return {
    'x-forwarded-for': [headers['x-forwarded-for'] ?? [], peer].flat().join(', '),
    'x-forwarded-host': headers.host ?? '',
    [CLIENT_HEADER]: clientAddress(peer, headers, trusted, false), // guard: flood-edge-header
  }
}

/** Headers about one connection (RFC 9110 §7.6.1), besides those that `Connection` names. `Transfer-Encoding` tells the body's length. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'upgrade']

/** Removes hop-by-hop headers: they are about the edge's connection, not the client's, which closes when the client requests it. */
export function withoutHopByHop(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = headers.connection?.split(',').map((name) => name.trim().toLowerCase()) ?? []
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name) && !named.includes(name)))
}
