import { documentTable, type Transaction } from '#libs/persistence'

/** Start of new counters: readers may have seen earlier numbers before this database was restored from a backup. */
export interface Numbering {
  id: 'numbering'
  from: number
}

export const NUMBERING = documentTable<Numbering>({ name: 'numbering', id: ({ id }) => id, keys: {} })

/** Returns the initial value of a new counter; 0 in a database that was never restored. */
export async function firstNumber(tx: Transaction): Promise<number> {
  return (await tx.documents(NUMBERING).get('numbering'))?.from ?? 0
}
