import type { HeldDocumentSource, HmsConnection } from '#libs/client'
import type { LocalPolicyView } from '#libs/contracts'

/** Members of the connection that the side-car uses. The connection has verified all values; the side-car verifies none itself. */
export type HeldValues = Pick<HmsConnection, 'state' | 'revision' | 'ids' | 'explain' | 'on'> & { readonly documents: HeldDocumentSource }

/** Returns the state for local readers: READY if the copy is fresh, STALE in every other state. The reason of an ERROR is only logged. */
export function stateOf({ state }: Pick<HeldValues, 'state'>): LocalPolicyView['state'] {
  return state === 'READY' ? 'READY' : 'STALE'
}
