import type { CarriedRelease, CoverageReport, PublishedHead, RunDossier } from '#libs/contracts'
import { DOSSIER, NOW, ORIGIN } from '../../libs/pipeline/src/testing/samples.js'

export { decisionReceived, CANARY_CONTEXT, NOW, ORIGIN } from '../../libs/pipeline/src/testing/samples.js'

export const POLICIES = ['air-limit', 'ozone-limit'] as const
export const SCOPE = 'region:NCR'
export const FREEZE = { id: 'election-week', reason: 'polling stations report', until: '2026-01-02T00:00:00.000Z' }
/** Number of the heads that stand; those of number 6 are old. Every new head takes their place, so that numbers need not grow. */
export const SEQ = 7
export const LATER = new Date(NOW.getTime() + 3_600_000).toISOString()

const release = (id: string, version: string): CarriedRelease => ({
  ...DOSSIER.releases[0]!,
  id,
  version,
  policyDigest: `sha256:${id}@${version}`,
  releaseDigest: `sha256:${id}@${version}`,
})

/** A bundle that takes these policies from 1.0.0 to 2.0.0. */
export function bundle(policies: readonly string[] = POLICIES): RunDossier {
  const live = Object.fromEntries(policies.map((id) => [id, release(id, '1.0.0')]))
  return { ...DOSSIER, releases: policies.map((id) => release(id, '2.0.0')), live }
}

export function originOf(dossier: RunDossier): typeof ORIGIN {
  return { ...ORIGIN, dossier }
}

/** A head of this policy was stored while so many bots were connected; `seq` 6 is a late word about the one before. */
export function stored(policy: string, scope: string, bots: number, seq = SEQ): PublishedHead {
  const audience = { connected: bots, cohort: bots, smallestBucket: bots > 0 ? 12 : null }
  return { policy, scope, seq, release: `sha256:${policy}@2.0.0`, revision: 3, applied: true, audience }
}

export function covered(policy: string, scope: string, expected: number, acknowledged: number, version = '2.0.0'): CoverageReport {
  const said = { scope, seq: SEQ, release: `sha256:${policy}@${version}`, expected, acknowledged, silent: [] }
  return { policy, revision: 3, scopes: [said] }
}
