import { HmsError } from '#libs/contracts'
import { documentTable, forgetExpired, type Transaction } from '#libs/persistence'
import { countsUntil, type ReadFreeze } from '#libs/signing'

/** A declaration that counted. Another may have taken its place, and its statement would still count until `expiresAt`. */
interface Declaration {
  /** Digest of the statement. */
  id: string
  /** Roster id of who signed it. */
  person: string
  expiresAt: string
}

export const DECLARATIONS = documentTable<Declaration>({
  name: 'freeze_declaration',
  id: ({ id }) => id,
  keys: {
    person: { type: 'text', of: ({ person }) => person },
    expires_at: { type: 'timestamptz', of: ({ expiresAt }) => expiresAt },
  },
  indexes: [['person'], ['expires_at']],
})

/** Of one person, so that nobody uses up the stop switch of the others. None is forgotten early. */
const MAX_REMEMBERED = 1_000
const FORGOTTEN_AT_ONCE = 50

/** Remembers a declaration for as long as its statement would count; `false` when it counted before. Throws 409 `HMS_FREEZE_LIMIT`. */
export async function spendDeclaration(tx: Transaction, { predicate, digest, person }: ReadFreeze): Promise<boolean> {
  const declarations = tx.documents(DECLARATIONS)
  await forgetExpired(declarations, tx.now, FORGOTTEN_AT_ONCE)
  if ((await declarations.count({ person: person.id })) >= MAX_REMEMBERED) {
    const detail = `${person.name} declared ${MAX_REMEMBERED} freezes within minutes. Declare this one again in ten minutes.`
    throw new HmsError('HMS_FREEZE_LIMIT', detail, { status: 409, next: ['hms-svc freezes list'] })
  }
  return declarations.insert({ id: digest, person: person.id, expiresAt: countsUntil(predicate.at).toISOString() })
}
