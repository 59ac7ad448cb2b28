import { CONTACT } from '#libs/contracts'
import type { PartnerSummary } from '#libs/contracts'
import { documentTable } from '#libs/persistence'
import { channelNames, type Channel } from './channel.js'
import { isOnCall, type Partner } from './partner.js'

/** With its secrets, which leave this schema only as signatures. */
export type RegisteredPartner = Partner & {
  addedAt: string
  /** Addresses that take no more mail, by their own wish; registering the partner again does not change that. */
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

/** Where the partner takes mail; the people of its `contact` too. */
export function mailAddresses({ channels, contact }: Partner): string[] {
  const addresses = channels.flatMap((channel) => (channel.kind === 'email' ? [channel.to] : []))
  return [...new Set([...addresses, ...(contact === null ? [] : [contact])])]
}

/** `null`: it takes mail. */
export function unsubscribedAt({ unsubscribed = [] }: RegisteredPartner, address: string): string | null {
  return unsubscribed.find((each) => each.address === address)?.at ?? null
}

export function summaryOf(partner: RegisteredPartner): PartnerSummary {
  const { id, name, groups, channels, deliver, contact, rate, lane, unsubscribed = [], addedAt } = partner
  const named = isOnCall(partner) ? { onlyWhereNamed: true as const } : {}
  return { id, name, groups, channels: channelNames(channels), deliver, contact, rate, lane, unsubscribed, ...named, addedAt }
}
