import type { FreezeRecord } from '#libs/contracts'
import { documentTable } from '#libs/persistence'

/** Freezes as the stage heard of them, by id. Approver bounds their number. */
export const FREEZES = documentTable<FreezeRecord>({ name: 'freeze', id: ({ id }) => id, keys: {} })
