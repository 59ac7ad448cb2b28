import { action, HmsError, peekPredicate, type ReleaseDocument, type RolloutPlan } from '#libs/contracts'
import { isGuardRelease } from '#libs/guard'
import { approvalRequirement, authorsOf, MAX_EVENT_BYTES, MAX_SIGNATURES, type ReleasePredicate, type Roster } from '#libs/signing'

/** Bytes of a signature with its key id, and of the proof of an approval in a log of a billion entries with sixteen witnesses. */
const SIGNATURE_BYTES = 200
const PROOF_BYTES = 6 * 1024
/** Bytes that locate a release within its approval, for the proof: a path of eight hashes. */
const MEMBER_PATH_BYTES = 450
/** Bytes of a signed head, without its release. */
const HEAD_BYTES = 1_600

/** Maximum bytes of a guard rule's release, and number of such releases in a dossier: one for each rule that applies to its policies. */
const MAX_GUARD_RELEASE_BYTES = 12 * 1024
const MAX_GUARD_RELEASES = 17
/** Bytes of a release in the attestations of lint and simulation, without its name; maximum number of copies of the name (id, version). */
const ATTESTED_BYTES = 300
const NAME_COPIES = 4

/**
 * Upper bounds of the bytes that stages add to a run's dossier in its largest event, a passed simulation; enforced where the data is
 * created. The event of a passed canary adds its attestation and the proofs of the new releases, but contains no scenarios.
 */
const ADDED_BYTES = {
  /** Rules in force that apply to these policies. */
  guard: MAX_GUARD_RELEASES * (MAX_GUARD_RELEASE_BYTES + MAX_SIGNATURES * SIGNATURE_BYTES + PROOF_BYTES),
  /** Attestations of lint and simulation: bots, scenarios and lint rules. */
  attestations: 192 * 1024,
  /** Scenario expressions and the predicted alerts of the replay, or the findings of lint. */
  scenarios: 256 * 1024,
  /** The event's own members, the plan, and the versions used before. */
  frame: 32 * 1024,
} as const

/** Run with the releases it replaces. */
export interface RunToFit {
  releases: readonly ReleaseDocument[]
  live: readonly (ReleaseDocument | null)[]
  plan: RolloutPlan
}

/**
 * Throws 413 `HMS_APPROVER_RUN_TOO_LARGE` for a run whose largest event could exceed the signing limit. A dossier contains each new release
 * and the release it replaces, the proof of each approval once, and the additions of stages. Heads contain the same releases as base64.
 */
export function requireEventsFit(roster: Roster, run: RunToFit): void {
  for (const release of run.releases) requireGuardFits(release)
  const headsBytes = releasesBytes(roster, run) + proofsBytes(roster, documentsOf(run)) + run.releases.length * HEAD_BYTES
  const bytes = Math.max(dossierBytes(roster, run), headsBytes)
  if (bytes <= MAX_EVENT_BYTES) return
  const replaced = sumOf(run.live.map((release) => release?.envelope.payload.length ?? 0))
  const detail =
    `The largest event of this run could have ${bytes} bytes, ${replaced} of them for the versions it replaces; ` +
    `${MAX_EVENT_BYTES} fit. Approve fewer policies together.`
  throw new HmsError('HMS_APPROVER_RUN_TOO_LARGE', detail, { status: 413, next: [action('approve')] })
}

function requireGuardFits(release: ReleaseDocument): void {
  const bytes = release.envelope.payload.length
  if (!isGuardRelease(release) || bytes <= MAX_GUARD_RELEASE_BYTES) return
  const detail =
    `The release of the guard rule ${release.id} has ${bytes} bytes with its plan, at most ` +
    `${MAX_GUARD_RELEASE_BYTES} fit. Name fewer partners.`
  throw new HmsError('HMS_APPROVER_RUN_TOO_LARGE', detail, { status: 413, next: [action('approve')] })
}

function dossierBytes(roster: Roster, run: RunToFit): number {
  const live = run.live.filter((release) => release !== null)
  // In a dossier the payload is JSON, not its base64.
  const base64Savings = documentsOf(run).map(({ envelope }) => -Math.floor(envelope.payload.length / 4))
  const attestationBytes = run.releases.map(({ id, version }) => ATTESTED_BYTES + NAME_COPIES * Buffer.byteLength(id + version))
  const added = Object.values(ADDED_BYTES)
  return (
    releasesBytes(roster, run) +
    sumOf([...base64Savings, ...attestationBytes, ...added]) +
    proofsBytes(roster, live) +
    Buffer.byteLength(JSON.stringify(run.plan))
  )
}

function documentsOf({ releases, live }: RunToFit): ReleaseDocument[] {
  return [...releases, ...live.filter((release) => release !== null)]
}

/** Returns the bytes of the releases with their envelopes, without proofs. A release with a proof already has its final signatures. */
function releasesBytes(roster: Roster, run: RunToFit): number {
  const signatures = signaturesOf(roster, run.releases)
  return sumOf(
    documentsOf(run).map(({ proof, envelope, ...rest }) => {
      const bare = Buffer.byteLength(JSON.stringify({ ...rest, envelope: { ...envelope, signatures: [] } }))
      return bare + (proof === undefined ? signatures : envelope.signatures.length) * SIGNATURE_BYTES
    }),
  )
}

/** Maximum number of signatures on a release: the required ones, plus those of authors. Each signer signs all releases. */
function signaturesOf(roster: Roster, releases: readonly ReleaseDocument[]): number {
  const predicates = releases.map(({ envelope }) => peekPredicate<ReleasePredicate>(envelope))
  const threshold = Math.max(...predicates.map((predicate) => approvalRequirement(roster, predicate).threshold))
  const authors = new Set(predicates.flatMap(({ author }) => authorsOf(roster, author).map(({ id }) => id)))
  const present = releases.map(({ envelope }) => envelope.signatures.length)
  return Math.max(Math.min(threshold + authors.size, MAX_SIGNATURES), ...present)
}

/** Returns the bytes of all proofs. Releases that were approved together share one. */
function proofsBytes(roster: Roster, documents: readonly ReleaseDocument[]): number {
  if (roster.logPolicy === undefined) return 0
  const approvals = new Map(
    documents.map(({ envelope, proof }) => {
      if (proof !== undefined) return [proof.entry, Buffer.byteLength(proof.entry + proof.proof)]
      const { bundle, preparedAt } = peekPredicate<ReleasePredicate>(envelope)
      return [`${bundle.digest} ${preparedAt}`, PROOF_BYTES]
    }),
  )
  return sumOf([...approvals.values()]) + documents.length * MEMBER_PATH_BYTES
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0)
}
