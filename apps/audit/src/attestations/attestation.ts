import type { Envelope, EventType, VerifiedEvent, RunDossier, StageAttestation, StageAttestations } from '#libs/contracts'
import { digestOfPayload } from '#libs/signing'

/** Attestation from an event. Later events repeat it; the digest of its payload identifies it, so it is stored once. */
export type DigestedAttestation = StageAttestation & { digest: string }

const STAGE_OF: Partial<Record<string, keyof StageAttestations>> = {
  'hms.lint.passed.v1': 'lint',
  'hms.simulation.passed.v1': 'simulate',
  'hms.canary.passed.v1': 'canary',
} satisfies Partial<Record<EventType, keyof StageAttestations>>

/** Returns the attestation in this event, an in-toto test result or verification result about releases; `undefined` if there is none. */
export function attestationIn(event: VerifiedEvent): DigestedAttestation | undefined {
  const { dossier, attestation } = event.data as { dossier?: Pick<RunDossier, 'attestations'>; attestation?: Envelope }
  const stage = STAGE_OF[event.type]
  const envelope = stage === undefined ? attestation : dossier?.attestations?.[stage]
  if (typeof envelope?.payload !== 'string') return undefined
  const run = event.runId === undefined ? null : Number(event.runId)
  const { attempt = null, source, type } = event
  return { run, attempt, source, type, envelope, digest: digestOfPayload(envelope) }
}
