import { MAX_ID } from '#libs/contracts'
import { parseCidr } from './address-ranges.js'
import { isEmailAddress } from './email-address.js'
import { parseChannel, type Report } from './parse-channel.js'
import { type Partner, PARTNER_ID } from './partner.js'
import type { PartnerRegistrationDto } from './partners.dto.js'

/** `pointer` is an RFC 6901 pointer into the request document. */
export type PartnerProblem = { pointer: string; detail: string }

export type ParsedPartner = { ok: true; partner: Partner } | { ok: false; problems: PartnerProblem[] }

/** Messages a second for a registration without `rate`. */
export const DEFAULT_RATE = 5

/**
 * Parses the texts of a well-formed registration. `checkPartner` checks the addresses by profile, and whether this process delivers the
 * channels.
 */
export function parsePartner(body: PartnerRegistrationDto): ParsedPartner {
  const { id, name, groups, channels, deliver, contact, rate, lane, networks } = body
  const problems: PartnerProblem[] = []
  const report: Report = (pointer, detail) => problems.push({ pointer, detail })
  checkId(id, '/id', report)
  groups?.forEach((group, index) => checkId(group, `/groups/${index}`, report))
  networks?.forEach((network, index) => checkNetwork(network, `/networks/${index}`, report))
  if (contact !== undefined && contact !== null && !isEmailAddress(contact)) {
    report('/contact', 'must be one email address, for instance air@va.example, without a name beside it')
  }
  const partner: Partner = {
    id,
    name,
    groups: [...new Set(groups)],
    channels: channels.flatMap((channel, index) => parseChannel(channel, `/channels/${index}`, report) ?? []),
    deliver: deliver ?? 'all',
    contact: contact ?? null,
    rate: rate ?? DEFAULT_RATE,
    lane: lane ?? 'latest',
    networks: [...new Set(networks)],
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, partner }
}

function checkId(id: string, pointer: string, report: Report): void {
  if (id.length <= MAX_ID && PARTNER_ID.test(id)) return
  report(pointer, 'must be lower-case words joined by single hyphens, for instance va-deq, of at most 100 characters')
}

function checkNetwork(network: string, pointer: string, report: Report): void {
  if (!parseCidr(network)) report(pointer, 'must be a CIDR, for instance 10.20.0.0/16')
}
