import type { LocalPolicyView } from '#libs/contracts'
import type { HeldValues } from '../held-values.js'

/**
 * Returns the policy as config-store does, with its age. Throws the connection's errors: `HMS_POLICY_NOT_FOUND`, or why a document was
 * refused.
 */
export function localView(id: string, values: HeldValues): LocalPolicyView {
  const { value, version, revision, source, scope, state, ageMs, trust, code } = values.explain(id)
  return {
    id,
    version,
    revision,
    source,
    scope,
    value: { ...value },
    state: stateOf({ state }),
    ageMs: Math.round(ageMs),
    trust,
    ...(code === undefined ? {} : { code }),
  }
}

/** Maps the state for local readers, who see only whether the copy is fresh; the log has the reason why the server refuses the side-car. */
export function stateOf({ state }: Pick<HeldValues, 'state'>): LocalPolicyView['state'] {
  return state === 'READY' ? 'READY' : 'STALE'
}
