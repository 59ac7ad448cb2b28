import { peekPredicate, type FieldDifference, type PolicyHistoryEntry } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { differenceOf, diffPolicies, type PolicyDocument } from '#libs/policy'
import { verifiedChange, historyChange, type ReleasePredicate, type Roster } from '#libs/signing'
import { LIVE_HEADS, LIVE_RELEASES, type LiveHead, type LiveRelease } from '../heads/live-history.js'
import { headsBelow, MAX_HEADS, PAGE, withNext } from './policy-at.js'
import { effectivePeriods, type EffectivePeriod } from './effective-periods.js'

/**
 * Returns the effective periods for all readers, newest first: from at most `limit` heads below `before`. If these heads begin no period,
 * because they repeat the release in force, earlier ones are read until one does.
 */
export async function policyHistory(
  tx: Transaction,
  policy: string,
  { limit, before, roster }: { limit: number; before?: number; roster: Roster },
): Promise<PolicyHistoryEntry[]> {
  // One head above the page ends its newest period, and one below shows what the oldest period changed.
  const above =
    before === undefined ? [] : await tx.documents(LIVE_HEADS).find({ where: { policy }, orderBy: 'seq', after: before - 1, limit: 1 })
  let heads = await headsBelow(tx, policy, before, limit + 1)
  let isEnd = heads.length <= limit
  for (;;) {
    const periods = effectivePeriods([...above, ...heads].toReversed().map((head) => withNext(explained(head, roster))))
    const oldest = isEnd ? -1 : heads.at(-1)!.seq
    const begun = periods.map(({ seq }) => seq).filter((seq) => seq > oldest && (before === undefined || seq < before))
    const listed = [...new Set(begun)].slice(-limit)
    if (listed.length > 0 || isEnd || heads.length >= MAX_HEADS)
      return entriesOf(tx, periods, { listed: new Set(listed), earlier: await earlierDigests(tx, policy, heads, periods) })
    const below = await headsBelow(tx, policy, heads.at(-1)!.seq)
    isEnd = below.length < PAGE
    heads = [...heads, ...below]
  }
}

/** Returns the row, with the head's reason only if rollout signed it. */
function explained({ change: claimed, ...head }: LiveHead, roster: Roster): LiveHead {
  const change = verifiedChange(claimed, head, roster)
  return { ...head, ...(change === undefined ? {} : { change }) }
}

/** Returns release digests in force before these heads, at most a page. They reveal rollbacks, which old heads do not state. */
async function earlierDigests(
  tx: Transaction,
  policy: string,
  heads: readonly LiveHead[],
  periods: readonly EffectivePeriod[],
): Promise<(string | null)[]> {
  if (periods.every(({ change }) => change !== undefined)) return []
  return (await headsBelow(tx, policy, heads.at(-1)?.seq)).map(({ digest }) => digest).toReversed()
}

/** Returns the entries of the periods that begin with a `listed` head (`seq`), newest first. `earlier`: digests in force before. */
async function entriesOf(
  tx: Transaction,
  periods: readonly EffectivePeriod[],
  { listed, earlier }: { listed: ReadonlySet<number>; earlier: readonly (string | null)[] },
): Promise<PolicyHistoryEntry[]> {
  const releases = await releasesOf(tx, [...earlier, ...periods.map(({ digest }) => digest)])
  const entries = periods.flatMap((period, index) => {
    if (!listed.has(period.seq)) return []
    const before = [...earlier, ...periods.slice(0, index).map(({ digest }) => digest)]
    return [entryOf(period, periods[index + 1], releases, before)]
  })
  return entries.toReversed()
}

async function releasesOf(tx: Transaction, digests: readonly (string | null)[]): Promise<ReadonlyMap<string, LiveRelease>> {
  const named = [...new Set(digests.flatMap((digest) => digest ?? []))]
  const found = await Promise.all(named.map((digest) => tx.documents(LIVE_RELEASES).get(digest)))
  return new Map(found.flatMap((release) => (release === undefined ? [] : [[release.digest, release] as const])))
}

/** Builds the entry of a period. `before`: digests of the releases in force earlier, newest last. */
function entryOf(
  { digest, run, seq, revision, from, recordedAt, change }: EffectivePeriod,
  after: EffectivePeriod | undefined,
  releases: ReadonlyMap<string, LiveRelease>,
  before: readonly (string | null)[],
): PolicyHistoryEntry {
  const release = digest === null ? undefined : releases.get(digest)
  const approvedBy = release?.approvedBy ?? []
  const earlier = before.flatMap((each) => (each === null ? [] : (releases.get(each) ?? []))).map(withPredicate)
  return {
    version: release?.version ?? null,
    digest,
    run,
    seq,
    revision,
    author: release?.author ?? null,
    approvedBy,
    ...historyChange(change, release && { ...withPredicate(release), approvedBy }, earlier),
    from,
    until: after?.from ?? null,
    recordedAt,
    differences: differencesOf(releases.get(before.at(-1) ?? ''), release),
    ...(change === undefined ? {} : { change }),
  }
}

function withPredicate({ digest, release }: LiveRelease): { digest: string; predicate: ReleasePredicate } {
  return { digest, predicate: peekPredicate<ReleasePredicate>(release) }
}

function differencesOf(from: LiveRelease | undefined, to: LiveRelease | undefined): FieldDifference[] {
  if (to === undefined) return []
  return diffPolicies(from && policyOf(from), policyOf(to)).map(differenceOf)
}

function policyOf({ release }: LiveRelease): PolicyDocument {
  return peekPredicate<{ policy: PolicyDocument }>(release).policy
}
