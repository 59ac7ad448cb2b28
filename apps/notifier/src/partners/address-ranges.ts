import { BlockList, isIP, SocketAddress } from 'node:net'

/** Ranges without addresses of partners on the public Internet (IANA special-purpose registries). */
const SPECIAL = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // ::/96 also contains the old IPv4-compatible forms, which common lists allow.
  '::/96',
  '::ffff:0:0:0/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]

/**
 * Ranges forbidden regardless of any list: link-local, multicast, unspecified, reserved and broadcast, and the metadata addresses of
 * clouds, which serve a machine's credentials (AWS, Google, Scaleway, Linode; Azure's and Alibaba's are among public and shared addresses).
 */
const NEVER = [
  '0.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '168.63.129.16/32',
  '100.100.100.200/32',
  '192.0.0.192/32',
  '::/128',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
  'fd00:ec2::/32',
  'fd20:ce::/32',
  'fd00:42::/32',
  'fd00:a9fe:a9fe::/48',
]

/** Linux connects the unspecified addresses to the machine itself, so they count as loopback. */
const LOOPBACK = ['127.0.0.0/8', '0.0.0.0/8', '::1/128', '::/128']

export type Cidr = { address: string; prefix: number; family: 'ipv4' | 'ipv6' }

/** Parses a CIDR, such as `10.0.0.0/8` or `fd00::/8`. The prefix is required: `10.0.0.0` must not be read as one host. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text)
  if (!match) return undefined
  const address = match[1] ?? ''
  const prefix = Number(match[2])
  const version = isIP(address)
  if (version === 0 || prefix > (version === 4 ? 32 : 128)) return undefined
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' }
}

/** Builds a block list without invalid CIDRs: an unreadable list allows less, never more. */
export function rangesOf(cidrs: readonly string[]): BlockList {
  const list = new BlockList()
  for (const text of cidrs) {
    const cidr = parseCidr(text)
    if (cidr) list.addSubnet(cidr.address, cidr.prefix, cidr.family)
  }
  return list
}

const special = rangesOf(SPECIAL)
const loopback = rangesOf(LOOPBACK)
const never = rangesOf(NEVER)

export const isSpecialAddress = (address: string): boolean => contains(special, address)
export const isClosedAddress = (address: string): boolean => contains(never, address)
export const isLoopbackAddress = (address: string): boolean => contains(loopback, address)

/**
 * Whether the ranges contain the address. `BlockList` handles `::ffff:`-mapped addresses, but returns false for anything it cannot parse, a
 * zone (`fe80::1%eth0`) included; the zone is cut off so that a link-local answer does not pass as a public one.
 */
export function contains(ranges: BlockList, address: string): boolean {
  const bare = address.split('%', 1)[0] ?? ''
  return ranges.check(bare, isIP(bare) === 4 ? 'ipv4' : 'ipv6')
}

/** Whether the host is a loopback name: RFC 6761 §6.3, and the names that Debian and Red Hat put into /etc/hosts. */
export function isLoopbackName(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '')
  return name === 'localhost' || name.endsWith('.localhost') || LOOPBACK_ALIASES.has(name)
}

const LOOPBACK_ALIASES = new Set(['localhost.localdomain', 'localhost6', 'localhost6.localdomain6', 'ip6-localhost', 'ip6-loopback'])

/** Bytes 4 and 5 of the interface identifier of ISATAP (RFC 5214 §6.1), with and without the universal bit. */
const ISATAP = new Set(['0000:5efe', '0200:5efe'])

/** Prefixes of the compatible, mapped and translated (SIIT) forms, and the well-known prefix of NAT64. */
const PREFIXES_96 = /^(0{20}(0000|ffff)|0{16}ffff0000|0064ff9b0{16})/
/** `::` and `::1` embed nothing. */
const LOCAL = /^0{31}[01]$/

/**
 * Returns the IPv4 addresses that an IPv6 address can be translated to: mapped and compatible forms, SIIT, 6to4, Teredo (server and
 * client), ISATAP and NAT64 at each position of RFC 6052 §2.2. Empty for IPv4. The translating gateway is unknown, so all are returned.
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

/** Returns the 16 bytes of a valid IPv6 address. */
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
