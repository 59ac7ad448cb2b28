import { peekPredicate, type FieldDifference, type PolicyHistoryEntry } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { differenceOf, diffPolicies, type PolicyDocument } from '#libs/policy'
import { LIVE_HEADS, LIVE_RELEASES, type LiveRelease } from '../heads/live-history.js'
import { withNext } from './policy-at.js'
import { headsBelow, MAX_HEADS, PAGE } from './read-heads.js'
import { reignsOf, type Reign } from './reigns.js'

/**
 * What was in force for all, the newest first: at most `limit` heads' worth, of heads below `before`. Where these begin no reign, because
 * they say again what was in force, those below are read until one does.
 */
export async function policyHistory(
  tx: Transaction,
  policy: string,
  { limit, before }: { limit: number; before?: number },
): Promise<PolicyHistoryEntry[]> {
  // One head above the page says until when its newest was in force, one below what its oldest differs from.
  const above =
    before === undefined ? [] : await tx.documents(LIVE_HEADS).find({ where: { policy }, orderBy: 'seq', after: before - 1, limit: 1 })
  let heads = await headsBelow(tx, policy, before, limit + 1)
  let isEnd = heads.length <= limit
  for (;;) {
    const reigns = reignsOf([...above, ...heads].toReversed().map(withNext))
    const oldest = isEnd ? -1 : heads.at(-1)!.seq
    const begun = reigns.map(({ seq }) => seq).filter((seq) => seq > oldest && (before === undefined || seq < before))
    const told = [...new Set(begun)].slice(-limit)
    if (told.length > 0 || isEnd || heads.length >= MAX_HEADS) return entriesOf(tx, reigns, new Set(told))
    const below = await headsBelow(tx, policy, heads.at(-1)!.seq)
    isEnd = below.length < PAGE
    heads = [...heads, ...below]
  }
}

/** Of the reigns that heads of these numbers began, the newest first. */
async function entriesOf(tx: Transaction, reigns: readonly Reign[], told: ReadonlySet<number>): Promise<PolicyHistoryEntry[]> {
  const releases = await releasesOf(tx, reigns)
  const entries = reigns.flatMap((reign, index) =>
    told.has(reign.seq) ? [entryOf(reign, reigns[index + 1], releases, reigns[index - 1])] : [],
  )
  return entries.toReversed()
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
  return diffPolicies(from && policyOf(from), policyOf(to)).map(differenceOf)
}

function policyOf({ release }: LiveRelease): PolicyDocument {
  return peekPredicate<{ policy: PolicyDocument }>(release).policy
}
