import { MAX_SILENT, type Audience, type CoverageReport, type CoverageView, type ScopeCoverage } from '#libs/contracts'
import { bucketIn, evaluate, serving, standing, type HeldDocument, type Reader } from '#libs/evaluation'
import { inShare, scopeCovers, type Scope } from '#libs/policy'
import { STABLE_SCOPE, type HeadPredicate } from '#libs/signing'

/** What is known of one connected, named bot: soft state that it tells again after each reconnect. */
export interface BotPresence {
  bot: string
  region: string
  /** The policies it lives by, where these are a few of all: it counts for them alone. */
  policies?: readonly string[]
  /** Of its last word; 0 while it has said nothing. */
  revision: number
  /** Release digest it applies, per policy. */
  applied: Record<string, string>
  /** Release digests that it holds for later, per policy. */
  held?: Record<string, string[]>
  /** Its buckets hash the cohort key of a head; readers of earlier versions hash the policy id. */
  cohortKey?: true
  /** When it connected or last told something. */
  since: string
  /** When it connected, by whichever of its sockets came first; absent in rows of earlier versions. */
  joinedAt?: string
}

/** The bot as `evaluate` takes it. */
function readerOf({ bot, region, cohortKey }: BotPresence): Required<Reader> {
  return { bot, region, beforeCohortKey: cohortKey !== true }
}

export function reads({ policies }: Pick<BotPresence, 'policies'>, policy: string): boolean {
  return policies === undefined || policies.includes(policy)
}

function* readersOf(policy: string, bots: Iterable<BotPresence>): Iterable<BotPresence> {
  for (const bot of bots) if (reads(bot, policy)) yield bot
}

/** Who a head reaches, and how its share falls on them. Pure. */
export function audienceOf(head: HeadPredicate, bots: Iterable<BotPresence>): Audience {
  const audience: Audience = { connected: 0, cohort: 0, smallestBucket: null }
  for (const { bot, region, beforeCohortKey } of [...readersOf(head.policy, bots)].map(readerOf)) {
    if (!scopeCovers(head.scope as Scope, { region })) continue
    audience.connected++
    const bucket = bucketIn(head, bot, beforeCohortKey)
    if (head.scope === STABLE_SCOPE || inShare(bucket, head.share ?? 0)) audience.cohort++
    audience.smallestBucket = Math.min(audience.smallestBucket ?? bucket, bucket)
  }
  return audience
}

/**
 * How far the bots are with the heads of one policy; `now` in ms. A bot counts for the scope whose document serves it, so one that
 * a live canary serves does not count for the stable head. Before the time of a release that is held, anyone who holds it counts: for the
 * stable head those too who hold the same release by their canary, whose lease ends long before that time. Pure.
 */
export function coverageOf(policy: string, documents: readonly HeldDocument[], bots: Iterable<BotPresence>, now: number): CoverageReport {
  const scopes = documents.map((held): ScopeCoverage => {
    const { scope, seq, current: release, share } = standing(held, now).head
    const outside = share === undefined ? {} : { control: 0 }
    return { scope, seq, release, expected: 0, acknowledged: 0, silent: [], ...outside }
  })
  const stable = scopes.find(({ scope }) => scope === STABLE_SCOPE)
  const heldByAll = laterOf(
    documents.find(({ head }) => head.scope === STABLE_SCOPE),
    now,
  )
  const joined = new Map<ScopeCoverage, string[]>(scopes.map((entry) => [entry, []]))
  for (const bot of readersOf(policy, bots)) {
    const document = serving(documents, readerOf(bot), now)
    const served = scopes.find((entry) => entry.scope === document?.head.scope)
    // Whoever has the release by another scope of the same canary is beside none.
    const isBeside = served?.control === undefined
    for (const entry of scopes) if (isBeside && entry.control !== undefined && scopeCovers(entry.scope as Scope, bot)) entry.control++
    // A first version's canary has no stable head yet: who is outside it should run nothing, and is nobody's to count.
    if (served === undefined) continue
    const current = isCurrent(bot, policy, documents, now)
    const counted = heldByAll !== undefined && served !== stable && laterOf(document, now) === heldByAll ? [served, stable!] : [served]
    for (const entry of counted) {
      entry.expected++
      if (current) entry.acknowledged++
      else if (entry.silent.length < MAX_SILENT) entry.silent.push(bot.bot)
      if (!current && bot.joinedAt !== undefined) joined.get(entry)!.push(bot.joinedAt)
    }
  }
  const withJoined = scopes.map((entry) => {
    const newest = joined.get(entry)!.sort().toReversed().slice(0, MAX_SILENT)
    return newest.length === 0 ? entry : { ...entry, joined: newest }
  })
  return { policy, revision: revisionOf(documents), scopes: withJoined }
}

/** Release that a document puts in force later; `undefined` where it does not. */
function laterOf(document: HeldDocument | undefined, now: number): string | undefined {
  const next = document?.next ?? null
  return next === null || next.atMs <= now ? undefined : (next.held.head.current ?? undefined)
}

/** Who runs and holds what it should, and who does not yet; `now` in ms. Versions are for somebody else to fill in. Pure. */
export function coverageView(
  policy: string,
  documents: readonly HeldDocument[],
  bots: Iterable<BotPresence>,
  now: number,
): Omit<CoverageView, 'seen'> {
  const lagging: CoverageView['lagging'] = []
  const regions = new Map<string, { total: number; current: number }>()
  const digests = new Map<string | null, number>()
  for (const bot of readersOf(policy, bots)) {
    const { bot: id, region, revision, since } = bot
    const digest = bot.applied[policy] ?? null
    const current = isCurrent(bot, policy, documents, now)
    const counted = regions.get(region) ?? { total: 0, current: 0 }
    regions.set(region, { total: counted.total + 1, current: counted.current + (current ? 1 : 0) })
    digests.set(digest, (digests.get(digest) ?? 0) + 1)
    if (!current) lagging.push({ id, region, revision, since, digest, version: null })
  }
  const byRegion = [...regions].map(([region, counted]) => ({ region, ...counted })).sort((a, z) => (a.region < z.region ? -1 : 1))
  const total = byRegion.reduce((sum, region) => sum + region.total, 0)
  const byDigest = [...digests].map(([digest, count]) => ({ version: null, digest, total: count })).sort((a, z) => z.total - a.total)
  return { policy, revision: revisionOf(documents), total, current: total - lagging.length, lagging, regions: byRegion, versions: byDigest }
}

/** Where nothing is in force a bot is right that says that it runs nothing, not one that says nothing. */
export function isCurrent(bot: BotPresence, policy: string, documents: readonly HeldDocument[], now: number): boolean {
  if (bot.revision === 0) return false
  const reader = readerOf(bot)
  const wanted = evaluate(documents, reader, now)?.held.document.digest ?? null
  const next = serving(documents, reader, now)?.next ?? null
  const holds = next === null || next.atMs <= now || (bot.held?.[policy] ?? []).includes(next.held.head.current!)
  return holds && (bot.applied[policy] ?? null) === wanted
}

function revisionOf(documents: readonly HeldDocument[]): number {
  return Math.max(0, ...documents.map(({ document }) => document.revision))
}

/**
 * Runs that may wait for the bots of a policy: that of its newest head, and of its stable head, because a late canary head of another run
 * must not keep the numbers from a rollout. Each counts those of its own heads.
 */
export function runsAwaiting(documents: readonly HeldDocument[]): ReadonlySet<number | null> {
  const byRevision = [...documents].sort((a, b) => b.document.revision - a.document.revision)
  const stable = byRevision.find(({ head }) => head.scope === STABLE_SCOPE)
  return new Set([byRevision[0], stable].flatMap((held) => (held === undefined ? [] : [held.head.next?.run ?? held.head.run ?? null])))
}
