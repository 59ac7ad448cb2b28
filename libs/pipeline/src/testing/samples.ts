import type { AcceptedDecision, CarriedRelease, PublishedHead, RunDossier } from '#libs/contracts'
import type { CanaryContext } from '../canary/inputs-and-effects.js'
import type { DecisionReceived, CommonInput } from '../stage/decision.js'

/** Time of all samples. */
export const NOW = new Date('2026-01-01T00:00:00.000Z')
export const POLICY = 'epa-pm25-limit'

/** Dossier of a run of one policy, whose version 2.0.0 replaces 1.5.0. Statements are empty, because deciders never read them. */
export const DOSSIER: RunDossier = {
  run: 184,
  attempt: 1,
  releases: [releaseOf('2.0.0', 'sha256:new')],
  live: { [POLICY]: releaseOf('1.5.0', 'sha256:old') },
  used: {},
  plan: { share: 500, scope: 'region:NCR', scopeName: 'National Capital Region', observeMs: 60_000, bakeMs: 30_000, partners: null },
  proofs: [],
}

export const ORIGIN = { key: POLICY, causationId: 'cause', traceparent: null, dossier: DOSSIER }

/** Context of a canary with required evidence. */
export const CANARY_CONTEXT: CanaryContext = {
  now: NOW,
  acknowledgeMs: 30_000,
  leaseMs: 90_000,
  measureMs: 10_000,
  evidence: 'required',
  rules: { windowMs: 60_000, alertsPerBotDay: 0 },
}

/** Input with a person's decision about the samples' attempt. `stage`: stage of the run as known to approver. */
export function decisionReceived(
  decision: AcceptedDecision['decision'],
  stage: AcceptedDecision['stage'],
  refusal?: string,
): DecisionReceived {
  const statement = { payloadType: '', payload: '', signatures: [] }
  const extension = decision === 'extend' ? { byMs: 600_000 } : {}
  const accepted = { ...extension, run: 184, attempt: 1, id: 'sha256:1', decision, stage, by: 'EPA Chief', reason: 'drill', statement }
  return { type: 'decisionReceived', decision: accepted, ...(refusal === undefined ? {} : { refusal }) }
}

/** Inputs that every stage accepts, by name. */
export function commonInputs<Timer extends string>(
  timers: readonly Timer[],
  stage: AcceptedDecision['stage'],
): Record<string, CommonInput<Timer>> {
  const due = timers.map((timer) => [`${timer} timer is due`, { type: 'due' as const, timer }] as const)
  return {
    'not attested': { type: 'refused', reason: 'UNATTESTED', detail: 'no attestation of lint' },
    'run ended': { type: 'ended', attempt: 1, reason: 'deadline' },
    'person aborts': decisionReceived('abort', stage),
    'newer release supersedes': decisionReceived('supersede', stage),
    'person pauses': decisionReceived('pause', stage),
    'person extends': decisionReceived('extend', stage),
    'person retries': decisionReceived('retry', stage),
    'person resumes': decisionReceived('resume', stage),
    'person promotes': decisionReceived('promote', stage),
    ...Object.fromEntries(due),
  }
}

/** Head of the samples' policy stored by config-store, with the number of bots connected in its scope. */
export function storedHead(scope: string, connected: number): PublishedHead {
  const audience = { connected, cohort: connected, smallestBucket: connected > 0 ? 12 : null }
  return { policy: POLICY, scope, seq: 7, release: 'sha256:new', revision: 3, applied: true, audience }
}

function releaseOf(version: string, digest: string): CarriedRelease {
  const signed = { statement: {}, payloadType: '', signatures: [] }
  return { id: POLICY, version, policyDigest: digest, releaseDigest: digest, releaseEpoch: 1, ...signed }
}
