import type { LocalPolicyView } from '#libs/contracts'
import type { HeldValues } from '../held-values.js'

/**
 * As config-store shows it, with how old it may be. Throws what the connection does: `HMS_POLICY_NOT_FOUND`, or why a document was refused.
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

/** To who reads, a copy may be old or not; why the server refuses its side-car is in the log. */
export function stateOf({ state }: Pick<HeldValues, 'state'>): LocalPolicyView['state'] {
  return state === 'READY' ? 'READY' : 'STALE'
}
