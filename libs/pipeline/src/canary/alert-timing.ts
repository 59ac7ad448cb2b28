import type { PublishedHead } from '#libs/contracts'
import { inShare } from '#libs/policy'
import { countsAlerts, isLive, UNEXPLAINED_LIMIT, type Canary } from './canary.js'
import type { CohortHead, CountedAlert } from './counted-alert.js'
import { headsOf, withHeads, type CanaryMember, type ScopedMember, type StoredShare } from './members.js'

/** Maximum early alerts stored. Above it, alerts that may decide the guard take precedence. */
export const MAX_EARLY = 200

/**
 * Whether alerts have to wait for config-store's report of the stored heads. That report and alerts are on different topics, and bots react
 * to a head within milliseconds, so an alert may arrive before the report. It waits even if people promote the canary meanwhile.
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
  const least = leastRelevant(all)
  return { ...canary, early: all.filter((each) => each !== least) }
}

/**
 * Returns the alert to drop when the list is full: the earliest explained one, else the earliest of a bot with more alerts than the guard
 * needs, else the earliest. If the earliest counts, all others count too, and they are of at least two bots.
 */
function leastRelevant(alerts: readonly CountedAlert[]): CountedAlert {
  const inTime = [...alerts].sort((a, z) => Date.parse(a.receivedAt) - Date.parse(z.receivedAt))
  const unexplainedOf = (bot: string): number => alerts.filter((each) => each.bot === bot && !each.explained).length
  return inTime.find(({ explained }) => explained) ?? inTime.find(({ bot }) => unexplainedOf(bot) > UNEXPLAINED_LIMIT) ?? inTime[0]!
}

/** Records when config-store stored the heads; returns the alerts that now count. Alerts that wait for other heads stay in `early`. */
export function recordStorage(
  before: Canary,
  stored: readonly PublishedHead[],
  storedAt: string,
): { canary: Canary; alerts: CountedAlert[] } {
  const { early = [], ...canary } = withStoredShares(before, stored, storedAt)
  const judged = early.map((alert) => ({ alert, counts: hadRelease(canary, alert, storedAt) }))
  const waiting = judged.filter(({ counts }) => counts === undefined).map(({ alert }) => alert)
  const alerts = judged.filter(({ counts }) => counts === true).map(({ alert: { awaits: _awaits, ...alert } }) => alert)
  return { canary: waiting.length === 0 ? canary : { ...canary, early: waiting }, alerts }
}

function withStoredShares(canary: Canary, stored: readonly PublishedHead[], storedAt: string): Canary {
  const isStored = ({ policy, scope }: ScopedMember): boolean => stored.some((head) => head.policy === policy && head.scope === scope)
  const heads = headsOf(canary).flatMap((head) => {
    const { shown, share } = head
    return shown === undefined || !isStored(head) || (shown.at(-1)?.share ?? 0) >= share
      ? []
      : [{ ...head, shown: [...shown, { share, since: storedAt }] }]
  })
  return withHeads(isEarly(canary) ? { ...canary, publishedAt: storedAt } : canary, heads)
}

/** Whether the bot of an alert had the new release when the alert was received; `undefined` before config-store's report. */
function hadRelease(canary: Canary, { awaits, receivedAt }: CountedAlert, storedAt: string): boolean | undefined {
  return awaits === undefined ? receivedAt >= storedAt : wasInCohort(canary, awaits, receivedAt)
}

/** Whether config-store had one of these heads at `at`, with a share that includes the bot; `undefined` until config-store reports that. */
export function wasInCohort(canary: Canary, cohortHeads: readonly CohortHead[], at: string): boolean | undefined {
  const heads = headsOf(canary)
  const since = cohortHeads.map(({ policy, scope, bucket }) => {
    const head = heads.find((each) => each.policy === policy && each.scope === scope)
    return head && storedShares(canary, head).find(({ share }) => inShare(bucket, share))?.since
  })
  if (since.some((each) => each !== undefined && each <= at)) return true
  return since.includes(undefined) ? undefined : false
}

/** Returns the stored shares of a head, smallest first. A share that never grew has the storage time of the first head. */
export function storedShares({ publishedAt }: Canary, { shown, share }: CanaryMember): readonly StoredShare[] {
  return shown ?? (publishedAt === null ? [] : [{ share, since: publishedAt }])
}

/** Stops counting alerts if the lease lapsed, because the cohort returned to the base. Alerts count again from the next stored heads. */
export function suspendAlertsIfLapsed(canary: Canary, now: Date): Canary {
  const hasLapsed = isLive(canary) && canary.publishedAt !== null && Date.parse(canary.leaseUntil) <= now.getTime()
  if (!hasLapsed) return canary
  const grown = headsOf(canary).filter(({ shown }) => shown !== undefined)
  return withHeads(
    { ...canary, publishedAt: null },
    grown.map((head) => ({ ...head, shown: [] })),
  )
}

/** Whether the cohort may have had the new release at this time; before config-store's report, that is possible until the lease ends. */
export function mayHaveHadRelease(canary: Canary, receivedAt: string): boolean {
  if (canary.publishedAt !== null && receivedAt < canary.publishedAt) return false
  // After a pass, stable heads may be in force although the lease has ended.
  return !isLive(canary) || receivedAt <= canary.leaseUntil
}
