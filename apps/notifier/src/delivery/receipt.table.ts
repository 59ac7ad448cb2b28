import { documentTable } from '#libs/persistence'

/** Which delivery a token acknowledges. */
export interface Receipt {
  /** `receiptId` of the token. */
  id: string
  delivery: string
  expiresAt: string
}

/** After the last try of a redriven message there are still weeks to answer. */
export const RECEIPT_LIFE_MS = 30 * 24 * 60 * 60 * 1000

export const RECEIPTS = documentTable<Receipt>({ name: 'receipt', id: (receipt) => receipt.id, keys: {}, keep: { for: 'runs' } })
