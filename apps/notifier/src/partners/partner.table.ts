import { CONTACT, type PartnerSummary } from '#libs/contracts'
import { documentTable } from '#libs/persistence'
import { channelNames, type Channel } from './channel.js'
import { isOnCall, type Partner } from './partner.js'

/** Stored partner with its secrets, which leave this schema only as signatures. */
export type RegisteredPartner = Partner & {
  addedAt: string
  /** Addresses that unsubscribed from mail; re-registering the partner does not change that. */
  unsubscribed?: { address: string; at: string }[]
}

export const PARTNERS = documentTable<RegisteredPartner>({ name: 'partner', id: (partner) => partner.id, keys: {} })

export function partnerKey(id: string): string {
  return `partner:${id}`
}

export function channelOf(partner: Partner, name: string): Channel | undefined {
  if (name === CONTACT) return partner.contact === null ? undefined : { kind: 'email', to: partner.contact }
  return partner.channels[channelNames(partner.channels).indexOf(name)]
}

/** Returns the partner's mail addresses, including its `contact`. */
export function mailAddresses({ channels, contact }: Partner): string[] {
  const addresses = channels.flatMap((channel) => (channel.kind === 'email' ? [channel.to] : []))
  return [...new Set([...addresses, ...(contact === null ? [] : [contact])])]
}

/** Returns the time of the unsubscribe; `null`: the address accepts mail. */
export function unsubscribedAt({ unsubscribed = [] }: RegisteredPartner, address: string): string | null {
  return unsubscribed.find((each) => each.address === address)?.at ?? null
}

export function summaryOf(partner: RegisteredPartner): PartnerSummary {
  const { id, name, groups, channels, deliver, contact, rate, lane, unsubscribed = [], addedAt } = partner
  const named = isOnCall(partner) ? { onlyWhereNamed: true as const } : {}
  return { id, name, groups, channels: channelNames(channels), deliver, contact, rate, lane, unsubscribed, ...named, addedAt }
}
