import { peekPredicate, type ConfigDocument } from '#libs/contracts'
import { STABLE_SCOPE, type HeadPredicate } from '#libs/signing'

type LeasedDocument = Pick<ConfigDocument, 'scope' | 'head'> & { leaseUntil?: string; storedAt: string }

/**
 * When no reader lives by a canary's document any more (RFC 3339): the end of the last lease that was given at its place. A take-back is
 * kept that long for readers that still hold what it ends. `undefined` for what is in force without an end. Pure.
 */
export function leaseAfter(head: HeadPredicate, known: LeasedDocument | undefined, now: Date): string | undefined {
  if (head.scope === STABLE_SCOPE) return undefined
  const before = known === undefined ? now.toISOString() : leaseOf(known)
  const own = head.expires ?? (isLive(head) ? undefined : now.toISOString())
  if (before === undefined || own === undefined) return undefined
  return Date.parse(own) > Date.parse(before) ? own : before
}

/** The same of a document that is stored: earlier versions stored none. */
export function leaseOf({ scope, head, leaseUntil, storedAt }: LeasedDocument): string | undefined {
  if (scope === STABLE_SCOPE) return undefined
  if (leaseUntil !== undefined) return leaseUntil
  const said = peekPredicate<HeadPredicate>(head)
  return said.expires ?? (isLive(said) ? undefined : storedAt)
}

function isLive({ current, base = null, next }: HeadPredicate): boolean {
  return (current !== null && current !== base) || next !== undefined
}
