import type { HeldDocumentSource, HmsConnection } from '#libs/client'
import type { LocalPolicyView } from '#libs/contracts'

/** Parts of the connection that the side-car uses. The connection verified all values: nothing here verifies one. */
export type HeldValues = Pick<HmsConnection, 'state' | 'revision' | 'ids' | 'explain' | 'on'> & { readonly documents: HeldDocumentSource }

/** Maps the state for local readers, who see only whether the copy is fresh; the log has the reason why the server refuses the side-car. */
export function stateOf({ state }: Pick<HeldValues, 'state'>): LocalPolicyView['state'] {
  return state === 'READY' ? 'READY' : 'STALE'
}
