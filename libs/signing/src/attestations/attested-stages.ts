import type { Envelope, StageAttestations } from '#libs/contracts'
import type { Roster } from '../roster/roster.js'
import { orRefusal, SignatureError } from '../signature-error.js'
import type { Keys } from '../verify-envelope.js'
import { type AttestedRun, readTestResult, readVerificationResult } from './attestations.js'

/** Properties of a passed canary. `OBSERVED`: bots acknowledged it and were observed. `PROMOTED`: a person promoted it. */
export const CANARY_PASSED = 'HMS_SVC_CANARY_PASSED'
export const CANARY_OBSERVED = 'HMS_SVC_CANARY_OBSERVED'
export const CANARY_PROMOTED = 'HMS_SVC_CANARY_PROMOTED'

/** Stages whose attestation a later stage requires. */
export type AttestingStage = 'lint' | 'simulate' | 'canary'

/** Returns the dossier with this attestation, in place of an earlier one of the stage. */
export function withAttestation<T extends AttestedDossier>(dossier: T, stage: AttestingStage, attestation: Envelope): T {
  return { ...dossier, attestations: { ...dossier.attestations, [stage]: attestation } }
}

export type AttestedDossier = AttestedRun & { attestations?: StageAttestations }

export type Demand = {
  roster: Roster
  /** `required`: a stage that passed without evidence is not sufficient. */
  evidence: 'optional' | 'required'
  /** RFC 3339 time since which the stages may have signed; by default, every key counts that was never revoked. */
  since?: string
}

/**
 * Returns why the releases of a run may not continue; `undefined` if each stage attested with its own key that it passed exactly these
 * releases in this attempt. With this check, write access to the bus or another service's key is not enough to skip a stage.
 */
export function unattested(dossier: AttestedDossier, stages: readonly AttestingStage[], demand: Demand): string | undefined {
  const { roster, evidence, since } = demand
  for (const stage of stages) {
    const attestation = dossier.attestations?.[stage]
    if (attestation === undefined) return `${SERVICE[stage]} does not say that it let these releases through`
    const keys = since === undefined ? roster.serviceKeys(SERVICE[stage]) : roster.serviceKeysSince(SERVICE[stage], since)
    const why = orRefusal(() => REFUSES[stage](attestation, dossier, keys, evidence))
    if (why instanceof SignatureError) return `the word of ${SERVICE[stage]} on these releases does not verify: ${why.detail}`
    if (why !== undefined) return why
  }
  return undefined
}

const SERVICE = { lint: 'linter', simulate: 'simulator', canary: 'canary-controller' } as const

type Refusal = (attestation: Envelope, about: AttestedRun, keys: Keys, evidence: Demand['evidence']) => string | undefined

const REFUSES: Record<AttestingStage, Refusal> = {
  lint(attestation, about, keys) {
    return readTestResult(attestation, about, keys).result === 'FAILED' ? 'linter refused these releases' : undefined
  },
  simulate(attestation, about, keys, evidence) {
    const { result } = readTestResult(attestation, about, keys)
    if (result === 'FAILED') return 'simulator refused these releases'
    return result === 'WARNED' && evidence === 'required' ? 'simulator had nothing to replay, and evidence is asked for' : undefined
  },
  canary(attestation, about, keys, evidence) {
    const { properties } = readVerificationResult(attestation, about, keys)
    const isPassEnough = evidence === 'optional' || properties.includes(CANARY_PROMOTED)
    const lacking = (isPassEnough ? [CANARY_PASSED] : [CANARY_PASSED, CANARY_OBSERVED]).find((property) => !properties.includes(property))
    return lacking === undefined ? undefined : `canary-controller does not say ${lacking} of these releases`
  },
}
