import { HmsError, MAX_POLICIES_OF_READER } from '#libs/contracts'
import { isPolicyId } from '#libs/policy'

/** Returns why a list of policies is invalid, as the rest of a sentence; `undefined` if it is valid. */
export function policiesProblem(ids: readonly unknown[]): string | undefined {
  const isRight = ids.length > 0 && ids.length <= MAX_POLICIES_OF_READER && ids.every(isPolicyId)
  return isRight ? undefined : `must name 1 to ${MAX_POLICIES_OF_READER} policies by their ids`
}

/** Returns the distinct policy ids, sorted; `undefined` for a reader of all. Throws `HMS_CONFIG_INVALID` (400). */
export function namedPolicies(ids: readonly string[] | undefined): readonly string[] | undefined {
  if (ids === undefined) return undefined
  const problem = policiesProblem(ids)
  if (problem !== undefined) throw new HmsError('HMS_CONFIG_INVALID', `policies ${problem}`, { status: 400 })
  return [...new Set(ids)].sort()
}
