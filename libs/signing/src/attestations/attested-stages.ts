import type { Envelope, RunDossier } from '#libs/contracts'
import type { Roster } from '../roster/roster.js'
import { SignatureError } from '../signature-error.js'
import { readTestResult } from './test-result.js'
import { readVerificationResult } from './verification-result.js'

/** Of a canary that held. `OBSERVED`: bots ran it, and were watched. */
export const CANARY_PASSED = 'HMS_SVC_CANARY_PASSED'
export const CANARY_OBSERVED = 'HMS_SVC_CANARY_OBSERVED'

/** Stages whose word a later one asks for before it acts. */
export type AttestingStage = 'lint' | 'simulate' | 'canary'

/** A dossier with one more attestation; the stage's own of before is replaced. */
export function withAttestation(dossier: RunDossier, stage: AttestingStage, attestation: Envelope): RunDossier {
  return { ...dossier, attestations: { ...dossier.attestations, [stage]: attestation } }
}

/**
 * Why a run's releases may not go on: a stage did not say by its own key that it let exactly these through in this attempt. `undefined` when
 * all did. Whoever can write to the bus, or holds another service's key, can so skip no stage. `evidence`: passing without any is not enough.
 */
export function unattested(dossier: RunDossier, stages: readonly AttestingStage[], roster: Roster, evidence: 'optional' | 'required'): string | undefined {
  for (const stage of stages) {
    const attestation = dossier.attestations?.[stage]
    if (attestation === undefined) return `${SERVICE[stage]} does not say that it let these releases through`
    try {
      const why = REFUSES[stage](attestation, dossier, roster, evidence)
      if (why !== undefined) return why
    } catch (error) {
      if (!(error instanceof SignatureError)) throw error
      return `the word of ${SERVICE[stage]} on these releases does not verify: ${error.detail}`
    }
  }
  return undefined
}

const SERVICE = { lint: 'linter', simulate: 'simulator', canary: 'canary-controller' } as const

type Refusal = (attestation: Envelope, dossier: RunDossier, roster: Roster, evidence: 'optional' | 'required') => string | undefined

const REFUSES: Record<AttestingStage, Refusal> = {
  lint(attestation, dossier, roster) {
    return readTestResult(attestation, dossier, roster.serviceKeys('linter')).result === 'FAILED' ? 'linter refused these releases' : undefined
  },
  simulate(attestation, dossier, roster, evidence) {
    const { result } = readTestResult(attestation, dossier, roster.serviceKeys('simulator'))
    if (result === 'FAILED') return 'simulator refused these releases'
    return result === 'WARNED' && evidence === 'required' ? 'simulator had nothing to replay, and evidence is asked for' : undefined
  },
  canary(attestation, dossier, roster, evidence) {
    const { properties } = readVerificationResult(attestation, dossier, roster.serviceKeys('canary-controller'))
    const lacking = (evidence === 'required' ? [CANARY_PASSED, CANARY_OBSERVED] : [CANARY_PASSED]).find((property) => !properties.includes(property))
    return lacking === undefined ? undefined : `canary-controller does not say ${lacking} of these releases`
  },
}
