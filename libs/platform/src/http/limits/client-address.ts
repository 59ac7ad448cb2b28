import type { IncomingHttpHeaders } from 'node:http'
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net'

/** Header in which the edge names its client; a service accepts it from a trusted peer only. */
export const CLIENT_HEADER = 'x-hms-client'

/** Addresses of proxies that are trusted to name their clients. */
export class TrustedProxies {
  private readonly ranges = new BlockList()

  /** Parses the ranges; throws a `RangeError` that names an invalid CIDR. */
  constructor(cidrs: readonly string[]) {
    for (const cidr of cidrs) {
      const [address = '', prefix] = cidr.split('/')
      const bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : 0
      const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1
      if (bits === 0 || length < 0 || length > bits) throw new RangeError(`${cidr} is no address and no CIDR`)
      this.ranges.addSubnet(address, length, bits === 32 ? 'ipv4' : 'ipv6')
    }
  }

  has(address: string): boolean {
    const plain = plainAddress(address)
    if (isIP(plain) === 0) return false
    return this.ranges.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6')
  }
}

/**
 * Returns the client's address: the peer's own, unless the peer is a trusted proxy. For a trusted proxy, the address that an edge names, if
 * `fromEdge`; else the last address of `x-forwarded-for` that is not a trusted proxy. Any client may have written the addresses before it.
 */
export function clientAddress(peer: string, headers: IncomingHttpHeaders, trusted: TrustedProxies, fromEdge: boolean): string {
  if (!trusted.has(peer)) return plainAddress(peer)
  const named = fromEdge ? [headers[CLIENT_HEADER] ?? []].flat() : []
  const forwarded = named.length > 0 ? named : [headers['x-forwarded-for'] ?? []].flat().flatMap((list) => list.split(','))
  let client = plainAddress(peer)
  for (const address of forwarded.toReversed().map((text) => plainAddress(text.trim()))) {
    if (isIP(address) === 0) break
    client = address
    if (!trusted.has(address)) break
  }
  return client
}

/** Returns the identity of a client: an IPv4 address, or an IPv6 /64, because one machine can use every address of its /64. */
export function clientOf(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail = ''] = address.split('::')
  const [before, after] = [head, tail].map((part) => (part === '' ? [] : part.split(':')))
  const missing = address.includes('::') ? Math.max(0, 8 - before!.length - after!.length) : 0
  const parts = [...before!, ...Array.from({ length: missing }, () => '0'), ...after!]
  return `${parts
    .slice(0, 4)
    .map((part) => Number.parseInt(part, 16).toString(16))
    .join(':')}::/64`
}

/** Returns an address without the zone of a link-local address, and as IPv4 if it was mapped to IPv6. */
function plainAddress(address: string): string {
  const plain = address.replace(/%.*$/, '')
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1] ?? plain
}
