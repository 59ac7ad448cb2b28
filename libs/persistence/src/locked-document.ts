import type { DocumentTable, Transaction } from './database.js'

/**
 * Locks and returns a document whose own content defines the keys to lock: a run over a bundle. It is read for its keys, locked, and read
 * again, because it may change before the lock is acquired. `undefined` if it does not exist.
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
