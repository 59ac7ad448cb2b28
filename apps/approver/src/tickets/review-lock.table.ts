import { action, HmsError, type Ticket } from '#libs/contracts'
import { columns, documentTable, type Transaction } from '#libs/persistence'
import type { DecidedRun, Roster } from '#libs/signing'

/** Lock of a break-glass signer: from `dueAt` on that person cannot approve. Deleted when the review is closed. */
export interface ReviewLock {
  ticket: number
  run: number
  /** Roster id. */
  actor: string
  dueAt: string
}

export const REVIEW_LOCKS = documentTable<ReviewLock>({
  name: 'review_lock',
  id: ({ ticket, actor }) => `${ticket}:${actor}`,
  keys: columns({ ticket: 'bigint', actor: 'text' }),
  indexes: [['actor'], ['ticket']],
})

/** Limit of a person's open reviews that are read. */
const MAX_READ = 1_000

/**
 * Throws 403 `HMS_BREAK_GLASS_REVIEW_OVERDUE` for a signer whose break-glass was not reviewed in time. The transaction's time decides, so a
 * late timer makes no difference. `personName` is a display name.
 */
export async function requireReviewed(tx: Transaction, roster: Roster, personName: string): Promise<void> {
  const actor = roster.principalByName(personName)?.id ?? personName
  const open = await tx.documents(REVIEW_LOCKS).find({ where: { actor }, limit: MAX_READ })
  const overdue = open.find(({ dueAt }) => Date.parse(dueAt) <= tx.now.getTime())
  if (overdue === undefined) return
  const { ticket, run, dueAt } = overdue
  throw new HmsError(
    'HMS_BREAK_GLASS_REVIEW_OVERDUE',
    `${personName} signed break-glass of run #${run}, and its review (ticket ${ticket}) is overdue since ${dueAt}. ` +
      `${personName} cannot approve until a person who did not sign it closes the review.`,
    { status: 403, next: [action('tickets.show', { ticket }), action('tickets.accept', { ticket })], state: { ticket, run, dueAt } },
  )
}

/** Returns the break-glass signers, who may not close this ticket; `undefined` for a ticket that is no review. */
export async function reviewOf(tx: Transaction, { ticket, kind }: Ticket): Promise<DecidedRun['review']> {
  if (kind !== 'BREAK_GLASS_REVIEW') return undefined
  const locks = await tx.documents(REVIEW_LOCKS).find({ where: { ticket }, limit: MAX_READ })
  return { actors: locks.map(({ actor }) => actor) }
}
