import { DEFAULT_FIND_LIMIT, type DocumentTable, type Query, type Transaction } from './database.js'

/** Returns every matching document, without a limit, in order of id: for decisions that need all of them. */
export async function findAll<T extends object>(tx: Transaction, table: DocumentTable<T>, where?: Query['where']): Promise<T[]> {
  const found: T[] = []
  for (;;) {
    const last = found.at(-1)
    const page = await tx.documents(table).find({ ...(where && { where }), ...(last && { after: table.id(last) }) })
    found.push(...page)
    if (page.length < DEFAULT_FIND_LIMIT) return found
  }
}
