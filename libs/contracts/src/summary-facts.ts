import type { DeliveryFacts } from './api/deliveries.js'
import type { CoverageReport } from './bots.js'
import type { Reach } from './clock.js'
import type { Ticket } from './tickets.js'

/** Names listed in a summary; further ones are counted. */
const MAX_NAMES = 4

/** Joins the facts that are present: `INCONCLUSIVE, 9 of 10 bots acknowledged`. */
export function facts(...parts: (string | number | null | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== null && part !== '' && part !== 0).join(', ')
}

export function count(amount: number, noun: string): string {
  return `${amount} ${amount === 1 ? noun : noun.replace(/y$/, 'ie').concat('s')}`
}

export function named(policy: string, version: string | null | undefined): string {
  return version == null ? policy : `${policy}@${version}`
}

/** Returns the first names, and the number of others. */
export function listed(names: readonly string[]): string {
  const more = names.length - MAX_NAMES
  return `${names.slice(0, MAX_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** Returns a reason if it is a stable code; a reason in a person's words is left out. */
export function codeIn(reason: string): string {
  return /^[A-Z][A-Z0-9_]{1,47}$/.test(reason) ? reason : '' // guard: summary-code
}

/** Returns `10 of 10 bots acknowledged` of a stage's summary. The rest is left out, because it may name people. */
export function acknowledgedIn(summary: string | undefined): string {
  return /\b\d+ of \d+ bots? acknowledged\b/.exec(summary ?? '')?.[0] ?? ''
}

export function reached(reach: Reach | undefined): string {
  return reach === undefined ? '' : `${reach.current} of ${count(reach.bots, 'bot')}`
}

export function coverageFacts({ policy, scopes }: CoverageReport): string[] {
  return scopes.map(({ scope, acknowledged, expected }) => `${policy}@${scope} ${acknowledged} of ${expected}`)
}

export function deliveryFacts({ policy, version, policies, channel }: DeliveryFacts): string {
  return facts(listed(policies?.map((each) => named(each.policy, each.version)) ?? [named(policy, version)]), channel)
}

export function ticketFacts({ ticket: { ticket, kind } }: { ticket: Ticket }): string {
  return `ticket ${ticket}, ${kind}`
}
