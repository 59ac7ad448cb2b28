import type { RunDossier } from '#libs/contracts'
import { isEvidenceRequired } from '#libs/pipeline'
import { unattested, type AttestingStage } from '#libs/signing'
import type { ServiceRuntime } from '#libs/service'

/**
 * Asked before a stage shows anything: why the run may not go on, by this service's roster and profile; `undefined` when `stages` all let
 * it through.
 */
export function unattestedHere(
  { roster, profile }: ServiceRuntime,
  dossier: RunDossier,
  stages: readonly AttestingStage[],
): string | undefined {
  return unattested(dossier, stages, { roster, evidence: isEvidenceRequired(profile, dossier.plan) ? 'required' : 'optional' })
}
