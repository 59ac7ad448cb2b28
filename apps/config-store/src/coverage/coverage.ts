import {
  action,
  type Audience,
  type CoverageReport,
  type CoverageView,
  HmsError,
  MAX_NAMED_BOTS,
  MAX_SILENT,
  type ScopeCoverage,
} from '#libs/contracts'
import { bucketIn, evaluate, type HeldDocument, type Reader, documentForCoverage, documentAsOf } from '#libs/evaluation'
import { inShare, scopeCovers, type Scope } from '#libs/policy'
import { type HeadPredicate, STABLE_SCOPE } from '#libs/signing'

/** State of one connected, named bot: soft state that the bot reports again after each reconnect. */
export interface BotPresence {
  bot: string
  region: string
  /** Policies of a bot that reads only a few, and counts only for these; missing for a bot of all policies. */
  policies?: readonly string[]
  /** Revision of its last report; 0 before the first. */
  revision: number
  /** Applied release digest, per policy. */
  applied: Record<string, string>
  /** Digests of the releases that it holds until their effective time, per policy. */
  held?: Record<string, string[]>
  /** Set if the bot hashes its bucket with the cohort key of a head; readers of earlier versions hash with the policy id. */
  cohortKey?: true
  /** Time it connected or last reported. */
  since: string
  /** Time at which the first of its open sockets connected; missing in rows of earlier versions. */
  joinedAt?: string
}

export function readerOf({ bot, region, cohortKey }: BotPresence): Required<Reader> {
  return { bot, region, beforeCohortKey: cohortKey !== true }
}

export function readsPolicy({ policies }: Pick<BotPresence, 'policies'>, policy: string): boolean {
  return policies === undefined || policies.includes(policy)
}

function* readersOf(policy: string, bots: Iterable<BotPresence>): Iterable<BotPresence> {
  for (const bot of bots) if (readsPolicy(bot, policy)) yield bot
}

/** Counts the bots in the scope of a head and those in its cohort, and returns their smallest bucket. Pure. */
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
 * Counts the bots that acknowledged a policy's heads (`now` in ms), each for the scope whose document serves it. Bots that hold a release
 * before it takes effect acknowledged it. If the stable head holds it too, bots of a canary count for both: the lease ends first. Pure.
 */
export function coverageOf(policy: string, documents: readonly HeldDocument[], bots: Iterable<BotPresence>, now: number): CoverageReport {
  const scopes = documents.map((held): ScopeCoverage => {
    const { scope, seq, current: release, share } = documentAsOf(held, now).head
    const outside = share === undefined ? {} : { control: 0 }
    return { scope, seq, release, expected: 0, acknowledged: 0, silent: [], ...outside }
  })
  const stable = scopes.find(({ scope }) => scope === STABLE_SCOPE)
  const heldByAll = heldReleaseOf(
    documents.find(({ head }) => head.scope === STABLE_SCOPE),
    now,
  )
  const joined = new Map<ScopeCoverage, string[]>(scopes.map((entry) => [entry, []]))
  for (const bot of readersOf(policy, bots)) {
    const document = documentForCoverage(documents, readerOf(bot), now)
    const served = scopes.find((entry) => entry.scope === document?.head.scope)
    // A bot with the release through another scope of the same canary is not in a control group.
    const isOutsideCanary = served?.control === undefined
    for (const entry of scopes)
      if (isOutsideCanary && entry.control !== undefined && scopeCovers(entry.scope as Scope, bot)) entry.control++
    // A first version's canary has no stable head yet: bots outside it should run nothing, and are not counted.
    if (served === undefined) continue
    const current = isCurrent(bot, policy, documents, now)
    const counted =
      heldByAll !== undefined && served !== stable && heldReleaseOf(document, now) === heldByAll ? [served, stable!] : [served]
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

/** Returns the digest of the release that a document puts in force later; `undefined` if none. */
function heldReleaseOf(document: HeldDocument | undefined, now: number): string | undefined {
  const next = document?.next ?? null
  return next === null || next.atMs <= now ? undefined : (next.held.head.current ?? undefined)
}

/** Counts the bots that run and hold the right releases, and lists the others; `now` in ms. The caller fills in versions. Pure. */
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

/** Lists the bots of a policy with `named` in their name; counts more than `MAX_NAMED_BOTS` by region and release. `now` in ms. Pure. */
export function botsOf(
  policy: string,
  documents: readonly HeldDocument[],
  bots: Iterable<BotPresence>,
  now: number,
  named = '',
): Pick<CoverageView, 'bots' | 'cells'> {
  const found = [...readersOf(policy, bots)].filter(({ bot }) => named === '' || bot.toLowerCase().includes(named.toLowerCase()))
  const listed = found.map((bot) => ({
    id: bot.bot,
    region: bot.region,
    digest: bot.applied[policy] ?? null,
    version: null,
    state: bot.revision === 0 ? ('silent' as const) : isCurrent(bot, policy, documents, now) ? ('current' as const) : ('stale' as const),
  }))
  if (listed.length <= MAX_NAMED_BOTS) return { bots: listed.sort((a, z) => (a.id < z.id ? -1 : 1)) }
  const cells = new Map<string, NonNullable<CoverageView['cells']>[number]>()
  for (const { region, digest, state } of listed) {
    const key = JSON.stringify([region, digest])
    const cell = cells.get(key) ?? { region, digest, version: null, total: 0, current: 0 }
    cells.set(key, { ...cell, total: cell.total + 1, current: cell.current + (state === 'current' ? 1 : 0) })
  }
  return { cells: [...cells.values()].sort((a, z) => z.total - a.total).slice(0, MAX_NAMED_BOTS) }
}

/** Whether the bot applies the release in force (or reported none if there is none), and holds the next one. */
export function isCurrent(bot: BotPresence, policy: string, documents: readonly HeldDocument[], now: number): boolean {
  if (bot.revision === 0) return false
  const reader = readerOf(bot)
  const wanted = evaluate(documents, reader, now)?.held.document.digest ?? null
  const next = documentForCoverage(documents, reader, now)?.next ?? null
  const holds = next === null || next.atMs <= now || (bot.held?.[policy] ?? []).includes(next.held.head.current!)
  return holds && (bot.applied[policy] ?? null) === wanted
}

function revisionOf(documents: readonly HeldDocument[]): number {
  return Math.max(0, ...documents.map(({ document }) => document.revision))
}

/**
 * Returns the runs that may wait for the bots of a policy: the run of its newest head, and the run of its stable head, because a late
 * canary head of another run must not hide the numbers from a rollout. Each run counts its own heads.
 */
export function runsAwaiting(documents: readonly HeldDocument[]): ReadonlySet<number | null> {
  const byRevision = [...documents].sort((a, b) => b.document.revision - a.document.revision)
  const stable = byRevision.find(({ head }) => head.scope === STABLE_SCOPE)
  return new Set([byRevision[0], stable].flatMap((held) => (held === undefined ? [] : [held.head.next?.run ?? held.head.run ?? null])))
}

export interface PolicyCheck {
  policy: string
  /** Whether the bot applies what it should, or does not read the policy; `now` in ms. Pure. */
  passes(bot: BotPresence, now: number): boolean
}

/** Returns a check per policy. If one document serves all readers, the expected release is determined once, not for each bot. Pure. */
export function policyChecks(policies: readonly { id: string; documents: readonly HeldDocument[] }[]): PolicyCheck[] {
  return policies.map(({ id, documents }) => {
    const [only] = documents
    if (documents.length !== 1 || only?.head.scope !== STABLE_SCOPE || only.head.next !== undefined)
      return { policy: id, passes: (bot, now) => !readsPolicy(bot, id) || isCurrent(bot, id, documents, now) }
    const wanted = evaluate(documents, { region: '' }, 0)?.held.document.digest ?? null
    return { policy: id, passes: (bot) => !readsPolicy(bot, id) || (bot.revision > 0 && (bot.applied[id] ?? null) === wanted) }
  })
}

/** Throws 403 `HMS_BOT_REGION` if the key or stream has another region: a bot that may claim any region could end every canary. */
export function requireRegion(known: string | undefined, claimed: string): void {
  if (known === undefined || claimed === '' || claimed === known) return
  const detail = `This bot is known to be of region ${known}, and claims ${claimed}. Leave the region out, or connect with the right one.`
  throw new HmsError('HMS_BOT_REGION', detail, { status: 403, next: [action('tokens.list')] })
}
