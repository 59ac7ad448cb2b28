import { action, CONTACT, HmsError, type PartnerSummary } from '#libs/contracts'
import { documentTable, type Transaction } from '#libs/persistence'
import { channelNames, type Channel } from './channel.js'
import { isOnCall, type Partner } from './partner.js'

/** Stored partner with its secrets, which leave this schema only as signatures. */
export type RegisteredPartner = Partner & {
  addedAt: string
  /** Addresses that unsubscribed from mail. They stay unsubscribed when the partner is registered again with the address. */
  unsubscribed?: { address: string; at: string }[]
}

export const PARTNERS = documentTable<RegisteredPartner>({ name: 'partner', id: (partner) => partner.id, keys: {} })

const MAX_PARTNERS = 10_000

export function allPartners(tx: Transaction): Promise<RegisteredPartner[]> {
  return tx.documents(PARTNERS).find({ limit: MAX_PARTNERS })
}

/** Returns a registered partner. Throws 404 `HMS_PARTNER_UNKNOWN`. */
export async function registeredPartner(tx: Transaction, id: string): Promise<RegisteredPartner> {
  const partner = await tx.documents(PARTNERS).get(id)
  if (partner !== undefined) return partner
  throw new HmsError('HMS_PARTNER_UNKNOWN', `There is no partner ${id}.`, { status: 404, next: [action('partners.list')] })
}

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
  const { id, name, groups, channels, deliver, contact, rate, lane, unsubscribed = [], addedAt, events } = partner
  const named = { ...(isOnCall(partner) ? { onlyWhereNamed: true as const } : {}), ...(events === undefined ? {} : { events }) }
  return { id, name, groups, channels: channelNames(channels), deliver, contact, rate, lane, unsubscribed, ...named, addedAt }
}
