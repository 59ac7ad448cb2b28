import { isIP, SocketAddress } from 'node:net'

/** Bytes 4 and 5 of the interface identifier of ISATAP (RFC 5214 §6.1), with and without the universal bit. */
const ISATAP = new Set(['0000:5efe', '0200:5efe'])

/** Prefixes of the compatible, mapped and translated (SIIT) forms, and the well-known prefix of NAT64. */
const PREFIXES_96 = /^(0{20}(0000|ffff)|0{16}ffff0000|0064ff9b0{16})/
/** `::` and `::1` embed nothing. */
const LOCAL = /^0{31}[01]$/

/**
 * Returns the IPv4 addresses that an IPv6 address can be translated to: mapped and compatible forms, SIIT, 6to4, Teredo (server and
 * client), ISATAP and NAT64 at each position of RFC 6052 §2.2. Empty for IPv4. An unknown gateway translates, so all are returned.
 */
export function embeddedAddresses(address: string): string[] {
  const bare = address.split('%', 1)[0] ?? ''
  if (isIP(bare) !== 6) return []
  const bytes = bytesOf(bare)
  const hex = bytes.toString('hex')
  const at = (...places: number[]): string => places.map((place) => bytes[place]).join('.')
  const last = at(12, 13, 14, 15)
  if (PREFIXES_96.test(hex) && !LOCAL.test(hex)) return [last]
  if (hex.startsWith('2002')) return [at(2, 3, 4, 5)]
  if (hex.startsWith('20010000')) return [at(4, 5, 6, 7), [12, 13, 14, 15].map((place) => 255 - bytes[place]!).join('.')]
  if (hex.startsWith('0064ff9b0001')) return [at(6, 7, 9, 10), at(7, 9, 10, 11), at(9, 10, 11, 12), last]
  return ISATAP.has(`${hex.slice(16, 20)}:${hex.slice(20, 24)}`) ? [last] : []
}

/** The 16 bytes of a valid IPv6 address. */
function bytesOf(address: string): Buffer {
  // The canonical text has hexadecimal groups only, except in the mapped form.
  const text = new SocketAddress({ address, family: 'ipv6' }).address.replace(
    /(\d+)\.(\d+)\.(\d+)\.(\d+)$/,
    (_all, a, b, c, d) => `${hexOf(a, b)}:${hexOf(c, d)}`,
  )
  const [head = '', tail] = text.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const [front, back] = [groups(head), groups(tail ?? '')]
  const zeros = Array<string>(tail === undefined ? 0 : 8 - front.length - back.length).fill('0')
  return Buffer.from([...front, ...zeros, ...back].map((group) => group.padStart(4, '0')).join(''), 'hex')
}

const hexOf = (high: string, low: string): string => (Number(high) * 256 + Number(low)).toString(16)
