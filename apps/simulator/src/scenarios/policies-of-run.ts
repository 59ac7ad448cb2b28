import { predicateIn, type CarriedRelease, type RunDossier } from '#libs/contracts'
import type { PolicyDocument } from '#libs/policy'
import type { Scenario } from '#libs/scenario'

/** Policies of a run by id, before and after. */
export interface PoliciesOfRun {
  /** In force before; a first version is missing here. */
  before: Record<string, PolicyDocument>
  after: Record<string, PolicyDocument>
  /** Ids of the policies of the run. */
  changed: string[]
}

/** Adds the policies in force that bots and scenarios also use, by id; none of them belongs to the run. */
export interface KnownPolicies extends PoliciesOfRun {
  beside: Record<string, PolicyDocument>
}

/** Reads the policies from the signed releases. */
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

/** Returns the scenarios that name a policy of the run. */
export function scenariosOf({ changed }: PoliciesOfRun, scenarios: readonly Scenario[]): Scenario[] {
  const ids = new Set(changed)
  return scenarios.filter((scenario) => scenario.policies.some((id) => ids.has(id)))
}

function policyOf(release: CarriedRelease): PolicyDocument {
  return predicateIn<{ policy: PolicyDocument }>(release).policy
}
