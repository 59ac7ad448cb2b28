import type { AuditProof, ConfigDocument, EventType, RunView, StageAttestation } from '#libs/contracts'
import {
  STABLE_SCOPE,
  unattested,
  verifyHead,
  witnessedAt,
  type ApprovedRelease,
  type AttestingStage,
  type Demand,
  type Roster,
  type VerifiedRelease,
} from '#libs/signing'
import { invalid } from '../export/strict.js'
import type { Problems } from '../output/problems.js'
import type { LogContent } from './recompute-log.js'

/** States of a run that has published stable heads. */
const PUBLISHED = new Set(['BAKING', 'NOTIFYING', 'SUCCEEDED'])

/** Checks that the log has an approval of each published run that names its versions. Returns the number of published runs. */
export function checkRuns(runs: readonly RunView[], { approved, promoted }: LogContent, problems: Problems): number {
  const published = runs.filter(({ state }) => PUBLISHED.has(state))
  for (const { run, policies } of published) {
    const releases = approved.get(run)
    if (releases === undefined) continue
    for (const { id, version } of policies) {
      if (!releases.some((release) => release.id === id && release.version === version))
        problems.add(`run #${run}`, `run #${run} published ${id}@${version}, but its approval in the log does not name it`)
    }
  }
  const all = new Set([...published.map(({ run }) => run), ...promoted])
  for (const run of all)
    if (!approved.has(run)) problems.add(`run #${run}`, `run #${run} was published, but its approval is not in the log`)
  return all.size
}

export interface LiveSources {
  roster: Roster
  proofOf(digest: string): Promise<AuditProof | undefined>
  attestationsOf(run: number): Promise<StageAttestation[]>
}

/** Checks that a reader would accept each document, that the log proves its approval, and that its stages passed. Returns what it found. */
export async function checkLive(
  documents: readonly ConfigDocument[],
  { approved }: LogContent,
  sources: LiveSources,
  problems: Problems,
): Promise<{ releases: number; breakGlass: string[] }> {
  const breakGlass: string[] = []
  for (const document of documents) {
    const name = `${document.id}@${document.version ?? '?'}`
    await problems.check(name, async () => {
      const { head, release, next } = verifyHead(document, sources.roster)
      const version = release?.predicate.policy.version ?? null
      if (head.policy !== document.id || head.scope !== document.scope || version !== document.version)
        throw invalid(
          `${name} is served in ${document.scope}, but its head is of ${head.policy} in ${head.scope} and its release is ` +
            `${version === null ? 'missing' : `version ${version}`}`,
        )
      // Held releases are checked like those in force: readers apply them later without another request.
      for (const each of [release, next?.release ?? null]) {
        if (each === null) continue
        const { rollback, breakGlass: order, policy } = each.predicate
        const reference = `${policy.id}@${policy.version}`
        await problems.check(reference, async () => {
          const claim = `${reference} is ${each === release ? 'in force' : 'held'} in ${head.scope}`
          const run = runOf(each.digest, approved)
          if (run === undefined) throw invalid(`${claim}, but its approval is not in the log`)
          await requireProof(claim, each, sources)
          if (order !== undefined) breakGlass.push(`${reference}: ${order.reason}`)
          if (rollback === undefined) await requireStages(claim, stagesFor(head.scope, order !== undefined), each.witnessedAt, run, sources)
          else await requireOrigin(claim, each, approved, sources)
        })
      }
    })
  }
  return { releases: documents.filter(({ release }) => release !== null).length, breakGlass }
}

/** Returns the stages that must have attested a release. A break-glass release, which its signers declare as such, needs lint only. */
function stagesFor(scope: string, isBreakGlass: boolean): AttestingStage[] {
  if (isBreakGlass) return ['lint']
  return scope === STABLE_SCOPE ? ['lint', 'simulate', 'canary'] : ['lint', 'simulate']
}

/** Requires a proof from the log, besides the document's. `claim`: beginning of the error, such as `epa@2.0.0 is in force in global`. */
async function requireProof(claim: string, release: VerifiedRelease, { roster, proofOf }: LiveSources): Promise<void> {
  const proof = await proofOf(release.digest)
  if (proof === undefined) throw invalid(`${claim}, but the log has no proof of its approval`)
  witnessedAt(release, proof, roster)
}

function runOf(release: string, approved: LogContent['approved']): [number, ApprovedRelease[]] | undefined {
  return [...approved].find(([, named]) => named.some(({ digest }) => digest === release))
}

/** Checks a signed rollback, which passes no stage: the log must prove the approval and the stages of the reinstated release. */
async function requireOrigin(
  claim: string,
  release: VerifiedRelease,
  approved: LogContent['approved'],
  sources: LiveSources,
): Promise<void> {
  const origin = release.predicate.rollback!.target.digest
  const run = runOf(origin, approved)
  const proof = await sources.proofOf(origin)
  if (run === undefined || proof === undefined) throw invalid(`${claim}, but its original approval is not in the log`)
  const at = witnessedAt({ ...release, digest: origin }, proof, sources.roster)
  const isBreakGlass = release.predicate.rollback!.byBreakGlass === true
  await requireStages(claim, stagesFor(STABLE_SCOPE, isBreakGlass), at, run, sources)
}

/** Requires that one attempt passed all `stages`, by keys valid at `since`: an attestation has no proven time, but follows the approval. */
async function requireStages(
  claim: string,
  stages: readonly AttestingStage[],
  since: string | undefined,
  [run, named]: [number, ApprovedRelease[]],
  { roster, attestationsOf }: LiveSources,
): Promise<void> {
  const attested = await attestationsOf(run)
  const releases = named.map(({ id, version, digest }) => ({ id, version, releaseDigest: digest }))
  const demand: Demand = { roster, evidence: roster.profile === 'production' ? 'required' : 'optional', since }
  const reasons = [...new Set(attested.map(({ attempt }) => attempt))].map((attempt) => {
    const attestationOf = (type: EventType) => attested.find((each) => each.attempt === attempt && each.type === type)?.envelope
    const attestations = {
      lint: attestationOf('hms.lint.passed.v1'),
      simulate: attestationOf('hms.simulation.passed.v1'),
      canary: attestationOf('hms.canary.passed.v1'),
    }
    return unattested({ run, attempt, releases, attestations }, stages, demand)
  })
  if (!reasons.includes(undefined))
    throw invalid(`${claim}, but no attempt of run #${run} passed its stages: ${reasons.at(-1) ?? 'no stage signed a result'}`)
}
