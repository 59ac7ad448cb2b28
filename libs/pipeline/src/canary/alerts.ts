import { countsAlerts, MAX_ALERTS_OF_BOT, MAX_COUNTED, UNEXPLAINED_LIMIT, type Canary } from './canary.js'
import type { CountedAlert, UnexplainedAlert } from './counted-alert.js'
import { botCounts } from './members.js'

/** Whether an alert counts: the canary is published and counts alerts, and the bot has not alerted on this reading before. */
export function mayCount(canary: Canary, { once }: CountedAlert): boolean {
  return countsAlerts(canary) && canary.publishedAt !== null && !canary.counted.includes(once)
}

/** Counts an alert for which `mayCount` is true. `broken`: description of the alert limit that this alert exceeds, if it does. */
export function countAlert(canary: Canary, incoming: CountedAlert): { canary: Canary; broken?: string } {
  const { once, explained, alert: id, bot, reading, reason } = incoming
  const alert: UnexplainedAlert = { alert: id, bot, reading, reason }
  // When full, only alerts that may break the guard are kept: a bot with many explained ones may still raise an unexplained one.
  const ofBot = canary.unexplained.filter((each) => each.bot === bot).length
  if (isFull(canary, bot) && (explained || ofBot >= UNEXPLAINED_LIMIT)) return { canary }
  const counted = recordAlert(canary, bot, once)
  if (explained) return { canary: counted }
  const after = { ...counted, unexplained: [...counted.unexplained, alert] }
  return isGuardBroken(after, incoming) ? { canary: after, broken: guardDetail(after) } : { canary: after }
}

function isFull({ counted, alerting }: Canary, bot: string): boolean {
  const alerts = alerting.find((known) => known.bot === bot)?.alerts ?? 0
  return counted.length >= MAX_COUNTED || alerts >= MAX_ALERTS_OF_BOT
}

/**
 * Whether unexplained alerts break the guard: two of different bots, or of one bot that is the whole cohort (no other is connected or has
 * alerted). Not one bot of a larger cohort, which may be faulty or lying, nor a key whose bots have no stream: it may stand for many bots.
 */
function isGuardBroken(canary: Canary, { connected: isConnected, ofKey }: CountedAlert): boolean {
  const { unexplained, alerting } = canary
  if (unexplained.length < UNEXPLAINED_LIMIT) return false
  const complaining = new Set(unexplained.map(({ bot }) => bot))
  if (complaining.size >= UNEXPLAINED_LIMIT) return true
  if (ofKey) return false
  const isOtherAlerting = alerting.some(({ bot }) => !complaining.has(bot))
  const isOtherConnected = botCounts(canary).some(({ expected }) => expected > (isConnected ? 1 : 0))
  return !isOtherAlerting && !isOtherConnected
}

function guardDetail({ unexplained }: Canary): string {
  const bots = [...new Set(unexplained.map((entry) => entry.bot))].join(', ')
  return `${unexplained.length} unexplained alerts, limit ${UNEXPLAINED_LIMIT}: ${bots}`
}

function recordAlert(canary: Canary, bot: string, once: string): Canary {
  const others = canary.alerting.filter((known) => known.bot !== bot)
  const { alerts } = canary.alerting.find((known) => known.bot === bot) ?? { alerts: 0 }
  return { ...canary, counted: [...canary.counted, once], alerting: [...others, { bot, alerts: alerts + 1 }] }
}
