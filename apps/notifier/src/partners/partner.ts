import { LADDER, type PartnerEvent, type PartnerRegistration } from '#libs/contracts'
import type { Channel } from './channel.js'

/** Partner as registered: its channels, their order, and the delivery rules. */
export interface Partner extends Required<Omit<PartnerRegistration, 'channels' | 'contact' | 'events'>> {
  /** In order of preference. */
  channels: Channel[]
  contact: string | null
  events?: PartnerEvent[]
}

/** Whether the partner gets an event. Without a list of its own it gets all but `announced`. */
export function asksFor({ events = ['rolled-back'] }: Pick<Partner, 'events'>, event: Exclude<PartnerEvent, 'updated'>): boolean {
  return events.includes(event)
}

/** Format of partner ids and group names. They share one namespace, because plans select by either. */
export const PARTNER_ID = /^[a-z0-9]+(-[a-z0-9]+)*$/

/** Whether the partner is in a group of the escalation `LADDER`. It is notified of tickets; of policies only if a plan names it. */
export function isOnCall({ groups }: Pick<Partner, 'groups'>): boolean {
  return LADDER.some((step) => groups.includes(step))
}

/**
 * Resolves a run's selection of ids or group names to partners, each once, sorted by id; `null` selects all except on-call ones. `unknown`:
 * names that no partner has, in the order given. `leftOut`: sorted ids of the on-call partners that `null` excludes.
 */
export function resolvePartners<P extends Partner>(
  selection: readonly string[] | null,
  all: readonly P[],
): { partners: P[]; unknown: string[]; leftOut: string[] } {
  const isNamed = (partner: Partner, name: string): boolean => partner.id === name || partner.groups.includes(name)
  const chosen =
    selection === null
      ? all.filter((partner) => !isOnCall(partner))
      : all.filter((partner) => selection.some((name) => isNamed(partner, name)))
  const byId = new Map(chosen.map((partner) => [partner.id, partner]))
  const unknown = (selection ?? []).filter((name) => !all.some((partner) => isNamed(partner, name)))
  return {
    partners: [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
    unknown: [...new Set(unknown)],
    leftOut: selection === null ? [...new Set(all.filter(isOnCall).map(({ id }) => id))].sort() : [],
  }
}
