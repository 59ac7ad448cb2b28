import { HmsError, type ReleaseDocument, type RolloutPlan } from '#libs/contracts'
import { isGuardRelease } from '#libs/guard'
import { MAX_EVENT_BYTES, MAX_SIGNATURES } from '#libs/signing'

/** A signature with its key id in an envelope, and the proof of a release in a log of a billion entries with sixteen witnesses. */
const SIGNATURE_BYTES = 200
const PROOF_BYTES = 6 * 1024

/** Of a release that is a guard rule: the dossiers of all that it speaks of carry it, seventeen at most. */
const MAX_GUARD_RELEASE_BYTES = 12 * 1024
const MAX_GUARD_RELEASES = 17

/** What stages add to a run's dossier, each bounded where it is made. */
const ADDED_BYTES = {
  /** Rules in force that speak of these policies. */
  guard: MAX_GUARD_RELEASES * (MAX_GUARD_RELEASE_BYTES + MAX_SIGNATURES * SIGNATURE_BYTES + PROOF_BYTES),
  /** What lint, simulation and canary attest. */
  attestations: 256 * 1024,
  /** Scenario expressions, or the findings of lint. */
  scenarios: 256 * 1024,
  /** The event's own members, the plan, and the versions used before. */
  frame: 32 * 1024,
} as const

/**
 * Refuses a run whose largest event could outgrow what a service signs, before anybody signs it: the dossier carries each new release and
 * the one that it replaces, with their signatures and proofs, and every stage adds to it. Throws 413 `HMS_APPROVER_RUN_TOO_LARGE`.
 */
export function requireEventsFit(releases: readonly ReleaseDocument[], live: readonly (ReleaseDocument | null)[], plan: RolloutPlan): void {
  for (const release of releases) requireGuardFits(release)
  const documents = [...releases, ...live.filter((release) => release !== null)]
  const added = Object.values(ADDED_BYTES).reduce((sum, bytes) => sum + bytes, 0)
  const bytes = documents.reduce((sum, release) => sum + bytesOf(release), added + Buffer.byteLength(JSON.stringify(plan)))
  if (bytes <= MAX_EVENT_BYTES) return
  const replaced = live.reduce((sum, release) => sum + (release === null ? 0 : bytesOf(release)), 0)
  const detail =
    `The largest event of this run could have ${bytes} bytes, ${replaced} of them for the versions it replaces; ` +
    `${MAX_EVENT_BYTES} fit. Approve fewer policies together.`
  throw new HmsError('HMS_APPROVER_RUN_TOO_LARGE', detail, { status: 413, next: ['hms-svc approve FILE --sign NAME'] })
}

function requireGuardFits(release: ReleaseDocument): void {
  const bytes = release.envelope.payload.length
  if (!isGuardRelease(release) || bytes <= MAX_GUARD_RELEASE_BYTES) return
  const detail =
    `The release of the guard rule ${release.id} has ${bytes} bytes with its plan, at most ` +
    `${MAX_GUARD_RELEASE_BYTES} fit. Name fewer partners.`
  throw new HmsError('HMS_APPROVER_RUN_TOO_LARGE', detail, { status: 413, next: ['hms-svc approve FILE --sign NAME'] })
}

/** As the dossier carries it in the end, whatever signatures and proof it has now. */
function bytesOf({ proof: _proof, envelope, ...rest }: ReleaseDocument): number {
  const bare = JSON.stringify({ ...rest, envelope: { ...envelope, signatures: [] } })
  return Buffer.byteLength(bare) + MAX_SIGNATURES * SIGNATURE_BYTES + PROOF_BYTES
}
