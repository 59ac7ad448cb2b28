import type { AuditProof, ConfigDocument, RunView } from '#libs/contracts'
import { approvalState, namesRelease, readRelease, SignatureError, verifyTlogProof, type LogPolicy, type Roster } from '#libs/signing'
import type { Problems } from './problems.js'
import type { Told } from './recompute-log.js'

/** A run in one of these has published something for all. */
const PUBLISHED = new Set(['BAKING', 'NOTIFYING', 'SUCCEEDED'])

/** Each run that published has its approval in the log, which names what was published. Answers with how many there are. */
export function checkRuns(runs: readonly RunView[], { approved, promoted }: Told, problems: Problems): number {
  const published = runs.filter(({ state }) => PUBLISHED.has(state))
  for (const { run, policies } of published) {
    const releases = approved.get(run)
    if (releases === undefined) continue
    for (const { id, version } of policies) {
      if (!releases.some((release) => release.id === id && release.version === version)) problems.add(`run #${run}`, `run #${run} published ${id}@${version}, and its approval in the log does not name it`)
    }
  }
  const all = new Set([...published.map(({ run }) => run), ...promoted])
  for (const run of all) if (!approved.has(run)) problems.add(`run #${run}`, `run #${run} was published, and its approval is not in the log`)
  return all.size
}

/** Each release that readers are given was approved by the roster's rules, is named by an approval in the log, and has a proof of it. */
export async function checkLive(
  documents: readonly ConfigDocument[],
  { approved, policy, roster, proofOf }: Told & { policy: LogPolicy; roster: Roster; proofOf(digest: string): Promise<AuditProof | undefined> },
  problems: Problems,
): Promise<number> {
  const logged = new Set([...approved.values()].flat().map(({ digest }) => digest))
  const live = documents.filter(({ release }) => release !== null)
  for (const { id, version, scope, release } of live) {
    const name = `${id}@${version ?? '?'}`
    await problems.check(name, async () => {
      const { predicate, digest } = readRelease(release)
      if (predicate.policy.id !== id || predicate.policy.version !== version) throw wrong(`${name} is given out in ${scope} with the release of ${predicate.policy.id}@${predicate.policy.version}`)
      if (!approvalState(roster, predicate.policy, release).complete) throw wrong(`${name} is in force in ${scope}, and too few of those whom the roster entitles signed it`)
      if (!logged.has(digest)) throw wrong(`${name} is in force in ${scope}, and its approval is not in the log`)
      const proof = await proofOf(digest)
      if (proof === undefined) throw wrong(`${name} is in force in ${scope}, and the log gives no proof of its approval`)
      verifyTlogProof(Buffer.from(proof.entry), proof.proof, policy)
      if (!namesRelease(proof.entry, { id, version: predicate.policy.version, digest })) throw wrong(`the proof that the log gives of ${name} is one of something else`)
    })
  }
  return live.length
}

function wrong(detail: string): SignatureError {
  return new SignatureError('HMS_PROOF_INVALID', detail)
}
