import { documentTable } from '#libs/persistence'

/** The newest of rollout's words on all stable heads that was recorded on `hms.config.state.v1`, by whichever instance. */
export interface Vouched {
  id: 'newest'
  issuedAt: string
  /** What it speaks of. */
  stable: string
}

export const VOUCHED = documentTable<Vouched>({ name: 'vouched', id: (vouched) => vouched.id, keys: {} })
