import { action, HmsError } from '#libs/contracts'
import { columns, documentTable, deleteExpired, type Transaction } from '#libs/persistence'
import { countsUntil, type ReadFreeze } from '#libs/signing'

/** Accepted declaration of a freeze, stored until its statement expires, because a replay would undo a later declaration. */
interface Declaration {
  /** Digest of the statement. */
  id: string
  /** Roster id of its signer. */
  person: string
  expiresAt: string
}

export const DECLARATIONS = documentTable<Declaration>({
  name: 'freeze_declaration',
  id: ({ id }) => id,
  keys: columns({ person: 'text', expiresAt: 'timestamptz' }),
  indexes: [['person'], ['expires_at']],
})

/** Limit of rows per person. With one limit for all people, one person could block the others, as rows stay until they expire. */
const MAX_STORED = 1_000
const DELETED_AT_ONCE = 50

/** Stores a declaration until its statement expires; returns `false` if the statement was used before. Throws 409 `HMS_FREEZE_LIMIT`. */
export async function spendDeclaration(tx: Transaction, { predicate, digest, person }: ReadFreeze): Promise<boolean> {
  const declarations = tx.documents(DECLARATIONS)
  await deleteExpired(declarations, tx.now, DELETED_AT_ONCE)
  // guard: freezes-of-one-person
  if ((await declarations.count({ person: person.id })) >= MAX_STORED) {
    const detail = `${person.name} declared ${MAX_STORED} freezes within minutes. Declare this one again in ten minutes.`
    throw new HmsError('HMS_FREEZE_LIMIT', detail, { status: 409, next: [action('freezes.list')] })
  }
  // guard: freeze-forgotten-early
  return declarations.insert({ id: digest, person: person.id, expiresAt: countsUntil(predicate.at).toISOString() })
}
