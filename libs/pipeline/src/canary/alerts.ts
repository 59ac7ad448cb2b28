import { countsAlerts, MAX_ALERTS_OF_BOT, MAX_COUNTED, UNEXPLAINED_LIMIT, type Canary } from './canary.js'
import type { CountedAlert, UnexplainedAlert } from './counted-alert.js'
import { numbersOf } from './members.js'

/** Whether it says anything: it comes in time, and its bot did not alert by this reading before. */
export function mayCount(canary: Canary, { once }: CountedAlert): boolean {
  return countsAlerts(canary) && canary.publishedAt !== null && !canary.counted.includes(once)
}

/** Counts an alert that may count. `broken`: the guard is broken by it, and how. */
export function countAlert(canary: Canary, counting: CountedAlert): { canary: Canary; broken?: string } {
  const { once, explained, alert: id, bot, reading, reason } = counting
  const alert: UnexplainedAlert = { alert: id, bot, reading, reason }
  // Beyond the bounds only what may still decide the guard matters: a bot that is right often may be wrong at last.
  const ofBot = canary.unexplained.filter((each) => each.bot === bot).length
  if (isFull(canary, bot) && (explained || ofBot >= UNEXPLAINED_LIMIT)) return { canary }
  const counted = withAlert(canary, bot, once)
  if (explained) return { canary: counted }
  const failed = { ...counted, unexplained: [...counted.unexplained, alert] }
  return isGuardBroken(failed, counting) ? { canary: failed, broken: guardDetail(failed) } : { canary: failed }
}

function isFull({ counted, alerting }: Canary, bot: string): boolean {
  const alerts = alerting.find((known) => known.bot === bot)?.alerts ?? 0
  return counted.length >= MAX_COUNTED || alerts >= MAX_ALERTS_OF_BOT
}

/**
 * Two alerts of two bots, or of one where the cohort has but one: its size is the connected bots, and others that have alerted. So one bot
 * in a larger cohort, which may be broken or lie, vetoes nothing; nor does a key whose bots follow no stream, which may speak for many.
 */
function isGuardBroken(canary: Canary, { connected: isConnected, ofKey }: CountedAlert): boolean {
  const { unexplained, alerting } = canary
  if (unexplained.length < UNEXPLAINED_LIMIT) return false
  const complaining = new Set(unexplained.map(({ bot }) => bot))
  if (complaining.size >= UNEXPLAINED_LIMIT) return true
  if (ofKey) return false
  const isOtherAlerting = alerting.some(({ bot }) => !complaining.has(bot))
  const isOtherConnected = Math.max(...numbersOf(canary).map(({ expected }) => expected)) > (isConnected ? 1 : 0)
  return !isOtherAlerting && !isOtherConnected
}

function guardDetail({ unexplained }: Canary): string {
  const bots = [...new Set(unexplained.map((entry) => entry.bot))].join(', ')
  return `${unexplained.length} unexplained alerts, limit ${UNEXPLAINED_LIMIT}: ${bots}`
}

function withAlert(canary: Canary, bot: string, once: string): Canary {
  const others = canary.alerting.filter((known) => known.bot !== bot)
  const { alerts } = canary.alerting.find((known) => known.bot === bot) ?? { alerts: 0 }
  return { ...canary, counted: [...canary.counted, once], alerting: [...others, { bot, alerts: alerts + 1 }] }
}
