import { type BlockList, isIP } from 'node:net'
import {
  contains,
  embeddedAddresses,
  isClosedAddress,
  isLoopbackAddress,
  isLoopbackName,
  isSpecialAddress,
  rangesOf,
} from './address-ranges.js'

/**
 * Rules for addresses of a partner's channels, so that a registered address cannot reach inside the network (SSRF).
 *
 * - The scheme is http or https, without user info. https on 443 or 8443, and SFTP on 22 or 2222, are allowed to every public address.
 * - An address of a special range is allowed only inside both the partner's `networks` and the ranges of the deployment.
 * - Loopback, plain http and other ports are allowed only inside both, and only with profile dev.
 * - Link-local, metadata, multicast, unspecified and reserved addresses are never allowed.
 *
 * IPv4 addresses embedded in an IPv6 address are checked too. A name is checked twice: here without a resolver, and by `guardedLookup` at
 * each connection, because a resolver may answer differently the second time.
 */

export type Profile = 'dev' | 'production'

/** Settings of the deployment, which no partner can widen. */
export interface Deployment {
  profile: Profile
  /** CIDRs: widest ranges that a partner's `networks` may allow. */
  networks: readonly string[]
}

const SFTP_PORTS: readonly number[] = [22, 2222]
const USUAL_PORTS = 'use https on port 443 or 8443, SFTP on 22 or 2222'

export const ADDRESS_REFUSED = 'HMS_PARTNER_ADDRESS_REFUSED'

export type Refused = { ok: false; detail: string }

/** Checked host. `host`: form to connect to. `onlyNetworks`: it must resolve into `networks`, due to its scheme or port. */
export type CheckedHost = { ok: true; host: string; onlyNetworks: boolean }

export type AddressRules = { networks: BlockList; widest: BlockList; profile: Profile; onlyNetworks: boolean }

export function checkPartnerUrl(url: string, networks: readonly string[], deployment: Deployment): (CheckedHost & { url: URL }) | Refused {
  if (!URL.canParse(url)) return refused('the address is not an absolute URL; write https://HOST/PATH')
  const parsed = new URL(url)
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:')
    return refused(`scheme ${parsed.protocol.slice(0, -1)} is not allowed; use https`)
  if (parsed.username !== '' || parsed.password !== '')
    return refused('user name and password do not belong into the address; the signature says who is calling')
  const departure = departureOf(parsed)
  if (departure && deployment.profile !== 'dev') return refused(`${departure} is not allowed; use https on port 443 or 8443`)
  const checked = checkHost(parsed, networks, deployment, departure)
  return checked.ok ? { ...checked, url: parsed } : checked
}

/** Checks the host and port of an SFTP server. The host goes through the URL parser, so `0x7f.1` is checked as the address it denotes. */
export function checkPartnerHost(host: string, port: number, networks: readonly string[], deployment: Deployment): CheckedHost | Refused {
  const bracketed = isIP(host) === 6 ? `[${host}]` : host
  const parsed = URL.canParse(`https://${bracketed}/`) ? new URL(`https://${bracketed}/`) : undefined
  if (parsed === undefined || parsed.href !== `https://${parsed.hostname}/`) {
    return refused('the host is not a name or an address; write sftp.partner.example')
  }
  const departure = SFTP_PORTS.includes(port) ? undefined : `port ${port}`
  if (departure && deployment.profile !== 'dev') return refused(`${departure} is not allowed; use port 22 or 2222`)
  return checkHost(parsed, networks, deployment, departure)
}

/** Checks a host by the rules above. `departure`: scheme or port that needs both lists, if any. */
function checkHost(url: URL, networks: readonly string[], deployment: Deployment, departure: string | undefined): CheckedHost | Refused {
  const rules = rulesOf(networks, deployment, departure !== undefined)
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const detail = hostRefusal(host, rules, networks.length > 0)
  if (detail) return refused(departure ? `${departure}: ${detail}` : detail)
  return { ok: true, host, onlyNetworks: rules.onlyNetworks }
}

export function rulesOf(networks: readonly string[], { profile, networks: widest }: Deployment, onlyNetworks: boolean): AddressRules {
  return { networks: rangesOf(networks), widest: rangesOf(widest), profile, onlyNetworks }
}

/** Returns why a connection to this IP address, or to one that it embeds, is refused; `undefined` if it is allowed. */
export function addressRefusal(address: string, rules: AddressRules): string | undefined {
  if (isIP(address) === 0) return `${address} is not an IP address`
  const refusal = refusalOf(address, rules)
  if (refusal !== undefined) return refusal
  const embedded = embeddedAddresses(address).flatMap((each) => refusalOf(each, { ...rules, onlyNetworks: false }) ?? [])
  // guard: partner-embedded
  return embedded.length === 0 ? undefined : `${address} stands for ${embedded[0]}`
}

function refusalOf(address: string, rules: AddressRules): string | undefined {
  // guard: partner-closed-ranges
  if (isClosedAddress(address)) return `${address} is a link-local, metadata, multicast or reserved address; name a public host`
  const open = contains(rules.widest, address)
  const listed = open && contains(rules.networks, address) // guard: partner-widest
  if (isLoopbackAddress(address) && rules.profile !== 'dev') return `${address} is a loopback address; name a public host`
  if (isSpecialAddress(address) && !open && contains(rules.networks, address))
    return `${address} is outside the networks that this deployment allows partners (HMS_NOTIFIER_NETWORKS); name a public host`
  if (isSpecialAddress(address) && !listed)
    return `${address} is not a public address; name a public host, or list its network under networks`
  if (rules.onlyNetworks && !listed) return `${address} is in none of the partner's networks that this deployment allows; ${USUAL_PORTS}`
  return undefined
}

/** Returns a loopback name's allowed addresses without DNS: `localhost` is always this machine (RFC 6761 §6.3); else `undefined`. */
export function loopbackAnswers(host: string, rules: AddressRules): { address: string; family: 4 | 6 }[] | undefined {
  if (!isLoopbackName(host)) return undefined
  const both = [
    { address: '127.0.0.1', family: 4 as const },
    { address: '::1', family: 6 as const },
  ]
  return both.filter(({ address }) => addressRefusal(address, rules) === undefined)
}

function hostRefusal(host: string, rules: AddressRules, hasNetworks: boolean): string | undefined {
  if (isIP(host) !== 0) return addressRefusal(host, rules)
  const loopback = loopbackAnswers(host, rules)
  if (loopback) return loopback.length > 0 ? undefined : `${host} is this machine itself; name a public host`
  if (rules.onlyNetworks && !hasNetworks) return `${host} is in none of the partner's networks; ${USUAL_PORTS}`
  return undefined
}

/** Names the part of this URL that is not https on 443 or 8443; `undefined` if none. */
function departureOf(url: URL): string | undefined {
  if (url.protocol === 'http:') return 'plain http'
  return url.port === '' || url.port === '8443' ? undefined : `port ${url.port}`
}

const refused = (detail: string): Refused => ({ ok: false, detail })
