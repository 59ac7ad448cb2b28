import type { PublishedHead } from '#libs/contracts'
import { inShare } from '#libs/policy'
import { countsAlerts, isLive, UNEXPLAINED_LIMIT, type Canary } from './canary.js'
import type { CohortPlace, CountedAlert } from './counted-alert.js'
import { headsOf, withHeads, type CanaryMember, type PlacedMember, type ShownShare } from './members.js'

/** What is kept of alerts that came too early to be judged: beyond it those that may decide the guard. */
export const MAX_EARLY = 200

/**
 * The topic of the heads may lag behind that of the alerts, and bots answer a head within milliseconds. So an alert that comes before the
 * word of the store waits for it, also where people promoted the canary meanwhile.
 */
export function isEarly(canary: Canary): boolean {
  return countsAlerts(canary) && canary.publishedAt === null
}

export function withEarly(canary: Canary, alert: CountedAlert): Canary {
  const { early = [] } = canary
  if (early.some(({ once }) => once === alert.once)) return canary
  if (early.length < MAX_EARLY) return { ...canary, early: [...early, alert] }
  if (alert.explained) return canary
  const all = [...early, alert]
  const least = leastTelling(all)
  return { ...canary, early: all.filter((each) => each !== least) }
}

/**
 * What goes where there is no room: an explained one, else one of a bot that has said enough, else the one received first. Where that one
 * counts, all that stay do, and they are of two bots at least.
 */
function leastTelling(alerts: readonly CountedAlert[]): CountedAlert {
  const inTime = [...alerts].sort((a, z) => Date.parse(a.receivedAt) - Date.parse(z.receivedAt))
  const saidBy = (bot: string): number => alerts.filter((each) => each.bot === bot && !each.explained).length
  return inTime.find(({ explained }) => explained) ?? inTime.find(({ bot }) => saidBy(bot) > UNEXPLAINED_LIMIT) ?? inTime[0]!
}

/**
 * The canary once the store has said when it stored these heads, and the alerts that waited for that and were not before it. Those that
 * wait for other heads go on waiting.
 */
export function knownSince(before: Canary, news: readonly PublishedHead[], storedAt: string): { canary: Canary; alerts: CountedAlert[] } {
  const { early = [], ...canary } = withShown(before, news, storedAt)
  const judged = early.map((alert) => ({ alert, counts: livedUnder(canary, alert, storedAt) }))
  const waiting = judged.filter(({ counts }) => counts === undefined).map(({ alert }) => alert)
  const alerts = judged.filter(({ counts }) => counts === true).map(({ alert: { awaits: _awaits, ...alert } }) => alert)
  return { canary: waiting.length === 0 ? canary : { ...canary, early: waiting }, alerts }
}

function withShown(canary: Canary, news: readonly PublishedHead[], storedAt: string): Canary {
  const isNews = ({ policy, scope }: PlacedMember): boolean => news.some((head) => head.policy === policy && head.scope === scope)
  const heads = headsOf(canary).flatMap((head) => {
    const { shown, share } = head
    return shown === undefined || !isNews(head) || (shown.at(-1)?.share ?? 0) >= share
      ? []
      : [{ ...head, shown: [...shown, { share, since: storedAt }] }]
  })
  return withHeads(isEarly(canary) ? { ...canary, publishedAt: storedAt } : canary, heads)
}

/** Whether the bot of an alert lived under the new rule when that was received; `undefined` before the word of the store. */
function livedUnder(canary: Canary, { awaits, receivedAt }: CountedAlert, storedAt: string): boolean | undefined {
  return awaits === undefined ? receivedAt >= storedAt : wasShown(canary, awaits, receivedAt)
}

/** Whether the store had one of these heads at that time, with a share that takes the bot in; `undefined` before its word. */
export function wasShown(canary: Canary, places: readonly CohortPlace[], at: string): boolean | undefined {
  const heads = headsOf(canary)
  const since = places.map(({ policy, scope, bucket }) => {
    const head = heads.find((each) => each.policy === policy && each.scope === scope)
    return head && shownOf(canary, head).find(({ share }) => inShare(bucket, share))?.since
  })
  if (since.some((each) => each !== undefined && each <= at)) return true
  return since.includes(undefined) ? undefined : false
}

/** The shares of a head that the store has had, the smallest first. One that never grew was there from the beginning. */
export function shownOf({ publishedAt }: Canary, { shown, share }: CanaryMember): readonly ShownShare[] {
  return shown ?? (publishedAt === null ? [] : [{ share, since: publishedAt }])
}

/** Its cohort fell back when the lease lapsed: alerts count again from the next heads that are stored. */
export function sinceRenewal(canary: Canary, now: Date): Canary {
  const hasLapsed = isLive(canary) && canary.publishedAt !== null && Date.parse(canary.leaseUntil) <= now.getTime()
  if (!hasLapsed) return canary
  const grown = headsOf(canary).filter(({ shown }) => shown !== undefined)
  return withHeads(
    { ...canary, publishedAt: null },
    grown.map((head) => ({ ...head, shown: [] })),
  )
}

/** Whether its cohort lived under the new rule when this was received. What comes before the word of the store may have. */
export function isInTime(canary: Canary, receivedAt: string): boolean {
  if (canary.publishedAt !== null && receivedAt < canary.publishedAt) return false
  // Once it has passed, the stable heads may have taken over while nobody renewed the lease.
  return !isLive(canary) || receivedAt <= canary.leaseUntil
}
