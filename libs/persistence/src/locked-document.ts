import type { DocumentTable, Transaction } from './database.js'

/**
 * A document of an aggregate that spans more keys than the caller has locked, and that alone says which: a run over a bundle. Read for its
 * keys, locked whole, and read again: what was read before the lock may have changed until it was had. `undefined` when there is none.
 */
export async function lockedDocument<T extends object>(
  tx: Transaction,
  table: DocumentTable<T>,
  id: string,
  keysOf: (document: T) => readonly string[],
): Promise<T | undefined> {
  const found = await tx.documents(table).get(id)
  if (found === undefined || tx.holds(keysOf(found))) return found
  await tx.lock(keysOf(found))
  return tx.documents(table).get(id)
}
