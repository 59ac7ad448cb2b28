import type { IncomingHttpHeaders } from 'node:http'
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net'

/** What the edge says of its client; a service believes it from a trusted peer alone. */
export const CLIENT_HEADER = 'x-hms-client'

/** Addresses whose word counts on who is behind them. */
export class TrustedProxies {
  private readonly ranges = new BlockList()

  /** Throws a `RangeError` that names the one which is no CIDR. */
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
 * The address of the client: the peer's own, unless that is a proxy of ours. Then what an edge says of it, where `fromEdge`, and else the
 * last address of `x-forwarded-for` that is no proxy of ours; what stands before it anybody may have written.
 */
export function clientAddress(peer: string, headers: IncomingHttpHeaders, trusted: TrustedProxies, fromEdge: boolean): string {
  if (!trusted.has(peer)) return plainAddress(peer)
  const said = fromEdge ? [headers[CLIENT_HEADER] ?? []].flat() : []
  const forwarded = said.length > 0 ? said : [headers['x-forwarded-for'] ?? []].flat().flatMap((list) => list.split(','))
  let client = plainAddress(peer)
  for (const address of forwarded.toReversed().map((text) => plainAddress(text.trim()))) {
    if (isIP(address) === 0) break
    client = address
    if (!trusted.has(address)) break
  }
  return client
}

/** What counts as one client: an IPv4 address, or the /64 of an IPv6 address, of which one machine has as many as it likes. */
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

/** Without the zone of a link and without the form in which IPv6 sockets show IPv4. */
function plainAddress(address: string): string {
  const plain = address.replace(/%.*$/, '')
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1]
  return mapped ?? plain
}
