import { peekPredicate, type ConfigDocument } from '#libs/contracts'
import { STABLE_SCOPE, type HeadPredicate } from '#libs/signing'

type LeasedDocument = Pick<ConfigDocument, 'scope' | 'head'> & { leaseUntil?: string; storedAt: string }

/**
 * Returns the end of the last lease issued at a canary's place (RFC 3339), after which no reader uses its document. A rollback is retained
 * that long for readers that still have the ended document. `undefined` for a head in force without an end. Pure.
 */
export function leaseAfter(head: HeadPredicate, known: LeasedDocument | undefined, now: Date): string | undefined {
  if (head.scope === STABLE_SCOPE) return undefined
  const before = known === undefined ? now.toISOString() : leaseOf(known)
  const own = head.expires ?? (isLive(head) ? undefined : now.toISOString())
  if (before === undefined || own === undefined) return undefined
  return Date.parse(own) > Date.parse(before) ? own : before
}

/** Returns the lease end of a stored document; earlier versions stored none. */
export function leaseOf({ scope, head, leaseUntil, storedAt }: LeasedDocument): string | undefined {
  if (scope === STABLE_SCOPE) return undefined
  if (leaseUntil !== undefined) return leaseUntil
  const said = peekPredicate<HeadPredicate>(head)
  return said.expires ?? (isLive(said) ? undefined : storedAt)
}

function isLive({ current, base = null, next }: HeadPredicate): boolean {
  return (current !== null && current !== base) || next !== undefined
}
