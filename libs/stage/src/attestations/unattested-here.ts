import type { RunDossier } from '#libs/contracts'
import { isEvidenceRequired } from '#libs/pipeline'
import { unattested, type AttestingStage } from '#libs/signing'
import type { ServiceRuntime } from '#libs/service'

/**
 * Returns why the run may not continue, by this service's roster and profile; `undefined` if all `stages` passed it. Called before a stage
 * publishes anything.
 */
export function unattestedHere(
  { roster, profile }: ServiceRuntime,
  dossier: RunDossier,
  stages: readonly AttestingStage[],
): string | undefined {
  return unattested(dossier, stages, { roster, evidence: isEvidenceRequired(profile, dossier.plan) ? 'required' : 'optional' })
}
