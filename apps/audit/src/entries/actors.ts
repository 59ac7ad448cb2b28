import { BY_BUILD, type EventData, type EventType, type VerifiedEvent } from '#libs/contracts'
import type { Roster } from '#libs/signing'

export type Holders = Pick<Roster, 'principalOfKey'>

/** Maximum number of actors of one event. No genuine event has as many signers; a longer list of names is forged, and is cut. */
const MOST_ACTORS = 100

/** Readers of the people who caused an event, by event type. Each returns names; `nameOf` returns the name of a signing key's owner. */
const ACTORS: { [T in EventType]?: (data: EventData[T], nameOf: (keyid: string) => string | undefined) => (string | undefined)[] } = {
  'hms.approval.approved.v1': ({ dossier }, nameOf) =>
    dossier.releases.flatMap(({ signatures }) => signatures.map(({ keyid }) => nameOf(keyid))),
  'hms.approval.rejected.v1': ({ by }) => [by],
  'hms.run.decided.v1': ({ by }) => [by],
  // The cause of `supersede` is the newer run, not a person.
  'hms.run.decision-accepted.v1': ({ by, decision }) => (decision === 'supersede' ? [] : [by]),
  'hms.ticket.closed.v1': ({ ticket }) => [ticket.decided?.by],
  'hms.freeze.declared.v1': ({ freeze }) => [freeze.by],
  'hms.freeze.lifted.v1': ({ freeze }) => [freeze.lifted?.by],
  'hms.token.issued.v1': ({ token }) => [token.createdBy],
  'hms.token.revoked.v1': ({ token }) => [token.revokedBy ?? undefined],
  'hms.roster.rotated.v1': ({ envelope }, nameOf) => envelope.signatures.map(({ keyid }) => nameOf(keyid)),
  'hms.rollout.promoted.v1': ({ change }) => change?.by ?? [],
  'hms.rollout.withdrawn.v1': ({ by }) => by,
  'hms.rollout.reversed.v1': ({ change }) => change?.by ?? [],
  'hms.delivery.redriven.v1': ({ by }) => [by],
  'hms.partner.resubscribed.v1': ({ by }) => [by],
  'hms.dead-letter.closed.v1': ({ by }) => (by.startsWith(BY_BUILD) ? [] : [by]),
}

/** Returns the names of the people who caused an event, in lower case, because names are unique regardless of case. */
export function actorsOf({ type, data }: VerifiedEvent, holders: Holders): string[] {
  const read = ACTORS[type as EventType] as ((data: unknown, nameOf: (keyid: string) => string | undefined) => unknown[]) | undefined
  if (read === undefined) return []
  try {
    const named = read(data, (keyid) => holders.principalOfKey(keyid)?.name)
    return [...new Set(named.flatMap((name) => (typeof name === 'string' && name !== '' ? [nameKey(name)] : [])))].slice(0, MOST_ACTORS)
  } catch {
    // The log records a malformed event too; it has no actors.
    return []
  }
}

export function nameKey(name: string): string {
  return name.toLowerCase()
}
