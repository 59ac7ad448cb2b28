import { predicateIn, type CarriedRelease, type RunDossier } from '#libs/contracts'
import type { PolicyDocument } from '#libs/policy'
import type { Scenario } from '#libs/scenario'

/** Policies by id on both sides of the run. */
export interface PoliciesOfRun {
  /** In force before; a first version is missing here. */
  before: Record<string, PolicyDocument>
  after: Record<string, PolicyDocument>
  /** Ids of the policies that the run carries. */
  changed: string[]
}

/** With what else bots and scenarios use of the policies in force, by id; none of it is of the run. */
export interface KnownPolicies extends PoliciesOfRun {
  beside: Record<string, PolicyDocument>
}

/** From what was signed. */
export function policiesOf(dossier: RunDossier): PoliciesOfRun {
  const before: Record<string, PolicyDocument> = {}
  for (const [id, live] of Object.entries(dossier.live)) if (live !== null) before[id] = policyOf(live)
  const after = { ...before }
  for (const release of dossier.releases) after[release.id] = policyOf(release)
  return { before, after, changed: dossier.releases.map(({ id }) => id) }
}

/** Whether no policy of the run was ever live. */
export function isFirstVersion({ before, changed }: PoliciesOfRun): boolean {
  return changed.every((id) => before[id] === undefined)
}

/** Scenarios that speak of a policy of the run. */
export function scenariosOf({ changed }: PoliciesOfRun, scenarios: readonly Scenario[]): Scenario[] {
  const ids = new Set(changed)
  return scenarios.filter((scenario) => scenario.policies.some((id) => ids.has(id)))
}

function policyOf(release: CarriedRelease): PolicyDocument {
  return predicateIn<{ policy: PolicyDocument }>(release).policy
}
