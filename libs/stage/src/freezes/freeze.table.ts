import type { FreezeRecord } from '#libs/contracts'
import { documentTable } from '#libs/persistence'

/** Freezes as received by the stage, by id. Approver bounds their number. */
export const FREEZES = documentTable<FreezeRecord>({ name: 'freeze', id: ({ id }) => id, keys: {} })
