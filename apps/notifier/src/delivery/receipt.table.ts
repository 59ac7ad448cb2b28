import { documentTable } from '#libs/persistence'

/** Maps a token to the delivery it acknowledges. */
export interface Receipt {
  /** `receiptId` of the token. */
  id: string
  delivery: string
  expiresAt: string
}

/** Lifetime of a receipt in ms: long enough to acknowledge weeks after the last attempt of a redriven message. */
export const RECEIPT_LIFE_MS = 30 * 24 * 60 * 60 * 1000

export const RECEIPTS = documentTable<Receipt>({ name: 'receipt', id: (receipt) => receipt.id, keys: {}, keep: { for: 'runs' } })
