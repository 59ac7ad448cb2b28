import type { Audience, CoverageReport, CoverageView, ScopeCoverage } from '#libs/contracts'
import { evaluate, type HeldDocument } from '#libs/client'
import { bucketOf, inShare, scopeCovers, type Scope } from '#libs/policy'
import { STABLE_SCOPE, type HeadPredicate } from '#libs/signing'

/** What is known of one connected, named bot: soft state that it tells again after each reconnect. */
export interface BotPresence {
  bot: string
  region: string
  /** Of its last word; 0 while it has said nothing. */
  revision: number
  /** Release digest it applies, per policy. */
  applied: Record<string, string>
  /** When it connected or last told something. */
  since: string
}

/** Who a head reaches, and how its share falls on them. Pure. */
export function audienceOf(head: HeadPredicate, bots: Iterable<BotPresence>): Audience {
  const audience: Audience = { connected: 0, cohort: 0, smallestBucket: null }
  for (const { bot, region } of bots) {
    if (!scopeCovers(head.scope as Scope, { region })) continue
    audience.connected++
    const bucket = bucketOf(head.policy, bot, head.salt)
    if (head.scope === STABLE_SCOPE || inShare(bucket, head.share ?? 0)) audience.cohort++
    audience.smallestBucket = Math.min(audience.smallestBucket ?? bucket, bucket)
  }
  return audience
}

/**
 * How far the bots are with the heads of one policy; `now` in ms. A bot counts for the scope whose document it should run, so one that
 * a live canary serves does not count for the stable head. Pure.
 */
export function coverageOf(policy: string, documents: readonly HeldDocument[], bots: Iterable<BotPresence>, now: number): CoverageReport {
  const scopes = documents.map(({ head }): ScopeCoverage => {
    const { scope, seq, current: release } = head
    return { scope, seq, release, expected: 0, acknowledged: 0 }
  })
  for (const bot of bots) {
    const inForce = evaluate(documents, bot, now)
    const served = scopes.find(({ scope }) => scope === (inForce?.held.head.scope ?? STABLE_SCOPE))
    // A first version's canary has no stable head yet: who is outside it should run nothing, and is nobody's to count.
    if (served === undefined) continue
    served.expected++
    if (runs(bot, policy, inForce?.held.document.digest)) served.acknowledged++
  }
  return { policy, revision: revisionOf(documents), scopes }
}

/** Who runs what it should, and who does not yet; `now` in ms. Pure. */
export function viewOf(policy: string, documents: readonly HeldDocument[], bots: Iterable<BotPresence>, now: number): CoverageView {
  const view: CoverageView = { policy, revision: revisionOf(documents), total: 0, current: 0, lagging: [] }
  for (const bot of bots) {
    view.total++
    if (runs(bot, policy, evaluate(documents, bot, now)?.held.document.digest)) view.current++
    else view.lagging.push({ id: bot.bot, revision: bot.revision, since: bot.since })
  }
  return view
}

/** `wanted` is `undefined` when nothing is in force: then a bot is right that says that it runs nothing, not one that says nothing. */
function runs(bot: BotPresence, policy: string, wanted: string | null = null): boolean {
  return bot.revision > 0 && (bot.applied[policy] ?? null) === wanted
}

function revisionOf(documents: readonly HeldDocument[]): number {
  return Math.max(0, ...documents.map(({ document }) => document.revision))
}
