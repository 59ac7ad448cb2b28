import { documentTable, type Transaction } from '#libs/persistence'

/** Where what was never counted here begins: readers may have seen it before this database went back to a backup. */
export interface Numbering {
  id: 'numbering'
  from: number
}

export const NUMBERING = documentTable<Numbering>({ name: 'numbering', id: ({ id }) => id, keys: {} })

/** The number that a new counter stands at before its first step; 0 in a database that never went back. */
export async function firstNumber(tx: Transaction): Promise<number> {
  return (await tx.documents(NUMBERING).get('numbering'))?.from ?? 0
}
