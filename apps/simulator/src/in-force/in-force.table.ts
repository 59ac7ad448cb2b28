import type { ConfigDocument } from '#libs/contracts'
import { documentTable } from '#libs/persistence'

/** Newest stable head of a policy with its release, as config-store recorded it. */
export type RecordedHead = Pick<ConfigDocument, 'id' | 'head' | 'release' | 'proof' | 'next'>

export const IN_FORCE = documentTable<RecordedHead>({ name: 'in_force', id: (recorded) => recorded.id, keys: {} })
