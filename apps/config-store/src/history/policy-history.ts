import { peekPredicate, type FieldDifference, type PolicyHistoryEntry } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { describeChange, diffPolicies, type PolicyDocument } from '#libs/policy'
import { LIVE_HEADS, LIVE_RELEASES, type LiveRelease } from '../heads/live-history.js'
import { withNext } from './policy-at.js'
import { reignsOf, type Reign } from './reigns.js'

/** Heads of one policy that one question may read. */
const MAX_HEADS = 5_000

/**
 * What was in force for all, the newest first: at most `limit` heads' worth, of heads below `before`. Many heads may say the same: those
 * below are read until there is a beginning to tell of.
 */
export async function policyHistory(
  tx: Transaction,
  policy: string,
  { limit, before }: { limit: number; before?: number },
): Promise<PolicyHistoryEntry[]> {
  // One head above the page says until when its newest was in force, one below what its oldest differs from.
  const above =
    before === undefined ? [] : await tx.documents(LIVE_HEADS).find({ where: { policy }, orderBy: 'seq', after: before - 1, limit: 1 })
  for (let size = limit; ; size = Math.min(4 * size, MAX_HEADS)) {
    const heads = await tx
      .documents(LIVE_HEADS)
      .find({ where: { policy }, orderBy: 'seq', descending: true, limit: size + 1, after: before })
    const reigns = reignsOf([...above, ...heads].toReversed().map(withNext))
    const isEnd = heads.length <= size
    const oldest = isEnd ? -1 : heads.at(-1)!.seq
    const isTold = ({ seq }: Reign): boolean => seq > oldest && (before === undefined || seq < before)
    if (!reigns.some(isTold) && !isEnd && size < MAX_HEADS) continue
    const releases = await releasesOf(tx, reigns)
    const entries = reigns.map((reign, index) => entryOf(reign, reigns[index + 1], releases, reigns[index - 1])).toReversed()
    const told = new Set(
      reigns
        .filter(isTold)
        .map(({ seq }) => seq)
        .slice(-limit),
    )
    return entries.filter(({ seq }) => told.has(seq))
  }
}

async function releasesOf(tx: Transaction, reigns: readonly Reign[]): Promise<ReadonlyMap<string, LiveRelease>> {
  const digests = [...new Set(reigns.flatMap(({ digest }) => digest ?? []))]
  const found = await Promise.all(digests.map((digest) => tx.documents(LIVE_RELEASES).get(digest)))
  return new Map(found.flatMap((release) => (release === undefined ? [] : [[release.digest, release] as const])))
}

function entryOf(
  { digest, run, seq, revision, from, recordedAt }: Reign,
  after: Reign | undefined,
  releases: ReadonlyMap<string, LiveRelease>,
  before: Reign | undefined,
): PolicyHistoryEntry {
  const release = digest === null ? undefined : releases.get(digest)
  return {
    version: release?.version ?? null,
    digest,
    run,
    seq,
    revision,
    author: release?.author ?? null,
    approvedBy: release?.approvedBy ?? [],
    from,
    until: after?.from ?? null,
    recordedAt,
    differences: differencesOf(releases.get(before?.digest ?? ''), release),
  }
}

function differencesOf(from: LiveRelease | undefined, to: LiveRelease | undefined): FieldDifference[] {
  if (to === undefined) return []
  return diffPolicies(from && policyOf(from), policyOf(to)).map((change) => ({
    field: change.field,
    from: change.from,
    to: change.to,
    text: describeChange(change),
  }))
}

function policyOf({ release }: LiveRelease): PolicyDocument {
  return peekPredicate<{ policy: PolicyDocument }>(release).policy
}
