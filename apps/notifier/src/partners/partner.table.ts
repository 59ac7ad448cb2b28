import type { PartnerSummary } from '#libs/contracts'
import { documentTable } from '#libs/persistence'
import type { Channel, Partner } from './partner.js'

/** With its secrets, which leave this schema only as signatures. */
export type RegisteredPartner = Partner & { addedAt: string }

export const PARTNERS = documentTable<RegisteredPartner>({ name: 'partner', id: (partner) => partner.id, keys: {} })

export function partnerKey(id: string): string {
  return `partner:${id}`
}

/** What a channel is called in deliveries and lists: its kind, numbered from the second on. */
export function channelNames(partner: Partner): string[] {
  return partner.channels.map((_, index) => (index === 0 ? 'webhook' : `webhook-${index + 1}`))
}

export function channelOf(partner: Partner, name: string): Channel | undefined {
  return partner.channels[channelNames(partner).indexOf(name)]
}

export function summaryOf(partner: RegisteredPartner): PartnerSummary {
  const { id, name, groups, lane, addedAt } = partner
  return { id, name, groups, channels: channelNames(partner), lane, addedAt }
}
