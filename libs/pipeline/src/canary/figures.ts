import { type CanaryFigures, type CanaryLack, defined } from '#libs/contracts'
import { isLive, type Canary } from './canary.js'
import { excessEvidence, lnRateRatio, powerOfTwoEvents } from './statistics/one-arm.js'
import { chanceOfAtLeast, lnShareRatio, lnSkewEvidence, shareAtRatio, shareEvidence } from './statistics/two-arms.js'
import type { CanaryWatch } from './canary-watch.js'
import { loadOf } from './prediction.js'
import { withExposure, hasControl, cohortSizeBounds } from './watch.js'

/** Probability that a canary with an unchanged alert rate fails, over all checks together. */
const ALPHA = 0.05
/** Probability that a doubled alert rate is wrongly reported as excluded. */
const BETA = 0.1
const RATIO = 2
/** ln of the evidence at which a scope's bots count as not split by the share; chance alone reaches it in one canary of 1,000. */
const LN_SKEW = Math.log(1_000)
/** Missed lease renewals after which the bot counts are stale: config-store counts the bots when it stores renewed heads. */
const MISSED_RENEWALS = 2
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/**
 * Returns the figures at `now`, or at the verdict; `undefined` before config-store counted the bots. Leases are renewed at a third of
 * `leaseMs`, which determines when the counts are stale.
 */
export function figuresOf(canary: Canary, at: { now: Date; leaseMs: number }): CanaryFigures | undefined {
  if (canary.watch === undefined) return undefined
  const watch = isLive(canary) ? withExposure(canary, at.now) : canary.watch
  const { paired, alone } = watch
  const { most, connected } = cohortSizeBounds(canary, watch.bots)
  const expected = expectedOf(watch)
  const total = paired.cohortEvents + paired.controlEvents
  const load = loadOf(canary, watch)
  const share = paired.cohortMs / (paired.cohortMs + paired.controlMs)
  return {
    cohort: most,
    control: connected - most,
    countedAt: watch.heardAt,
    cohortHours: (paired.cohortMs + alone.cohortMs) / HOUR_MS,
    controlHours: paired.controlMs / HOUR_MS,
    cohortAlerts: paired.cohortEvents + alone.events,
    controlAlerts: paired.controlEvents,
    expected,
    evidence: evidenceOf(watch),
    limit: 1 / ALPHA,
    chance: total === 0 || !(share < 1) ? null : chanceOfAtLeast({ canary: paired.cohortEvents, total, share }),
    power: powerOfTwoEvents(expected, RATIO),
    isDoublingExcluded: lnAgainstRatio(watch) >= Math.log(1 / BETA),
    lacks: lacksOf(canary, watch, at.leaseMs),
    ...defined({ load, metrics: canary.metrics }),
  }
}

/** Returns a description if the evidence for a higher alert rate in the cohort reaches the limit, otherwise `undefined`. */
export function excessOf(canary: Canary): string | undefined {
  const { watch } = canary
  if (watch === undefined) return undefined
  const evidence = evidenceOf(watch)
  if (evidence < 1 / ALPHA) return undefined
  const { paired, alone } = watch
  const events = paired.cohortEvents + alone.events
  const against = paired.mostShare === 0 ? 'no control group' : `${paired.controlEvents} in the control group`
  return `${events} unexplained alerts in separate windows, ${against}: evidence ${evidence.toFixed(1)}, limit ${1 / ALPHA}`
}

/** Returns the power of the counts: `expected 0.3; power vs 2x 12%; LOW_POWER`. */
export function describePower({ controlHours, expected, power, isDoublingExcluded }: CanaryFigures): string {
  const against = controlHours > 0 ? `expected ${expected.toFixed(expected < 10 ? 1 : 0)}` : 'no control group'
  const text = `${against}; power vs ${RATIO}x ${Math.floor(power * 100)}%`
  return `${text}; ${isDoublingExcluded ? `a doubling is excluded at ${BETA * 100}%` : 'LOW_POWER'}`
}

/** Product of the evidence with and without a control group, whose times never overlap. A share that is too large only weakens it. */
function evidenceOf({ paired, alone, alertsPerBotDay }: CanaryWatch): number {
  const budget = excessEvidence(alone.events, (alone.cohortMs / DAY_MS) * alertsPerBotDay)
  const total = paired.cohortEvents + paired.controlEvents
  return total === 0 ? budget : budget * shareEvidence({ canary: paired.cohortEvents, total, share: paired.mostShare })
}

/** ln of the likelihood ratio of equal rates to doubled rates. A share that is too small only weakens it. */
function lnAgainstRatio({ paired, alone, alertsPerBotDay }: CanaryWatch): number {
  const ofBudget = -lnRateRatio(alone.events, (alone.cohortMs / DAY_MS) * alertsPerBotDay, RATIO)
  const total = paired.cohortEvents + paired.controlEvents
  if (total === 0 || paired.leastShare === 0) return ofBudget
  return ofBudget + lnShareRatio({ canary: paired.cohortEvents, total }, paired.leastShare, shareAtRatio(paired.leastShare, RATIO))
}

function expectedOf({ paired, alone, alertsPerBotDay }: CanaryWatch): number {
  const atRateOfControl = paired.controlMs === 0 ? 0 : (paired.controlEvents * paired.cohortMs) / paired.controlMs
  return atRateOfControl + (alone.cohortMs / DAY_MS) * alertsPerBotDay
}

function lacksOf(canary: Canary, watch: CanaryWatch, leaseMs: number): CanaryLack[] {
  const { most, connected } = cohortSizeBounds(canary, watch.bots)
  const lacks: CanaryLack[] = []
  if (isSkewed(canary, watch)) lacks.push('SKEWED_EXPOSURE')
  if (Date.parse(watch.addedUntil) - Date.parse(watch.heardAt) > (MISSED_RENEWALS * leaseMs) / 3) lacks.push('STALE_DATA')
  if (most === 0 && watch.paired.cohortMs + watch.alone.cohortMs > 0) lacks.push('COHORT_LOST')
  else if (most === connected && watch.paired.controlMs > 0) lacks.push('CONTROL_LOST')
  return lacks
}

/**
 * Whether the bots are not split by the requested share, because bots leave the cohort or buckets are wrong. Not tested for a share that
 * was widened to include a bot, because that share depends on the bots, nor with earlier steps in other scopes, which have no common share.
 */
function isSkewed(canary: Canary, { bots }: CanaryWatch): boolean {
  const { members, requestedShare, earlier } = canary
  const share = requestedShare / 10_000
  if (share >= 1 || earlier !== undefined || !hasControl(canary)) return false
  return bots.some(({ policy, cohort, connected }) => {
    const hasRequestedShare = members.some((member) => member.policy === policy && member.share === requestedShare)
    return hasRequestedShare && lnSkewEvidence({ canary: cohort, total: connected, share }) >= LN_SKEW
  })
}

const LACKS: Record<CanaryLack, string> = {
  SKEWED_EXPOSURE: 'the bots are not split by the requested share',
  STALE_DATA: 'config-store has not counted the bots for two renewals of the lease',
  COHORT_LOST: 'no bot of the cohort is connected',
  CONTROL_LOST: 'no bot of the control group is connected',
}

/** Returns for example `CONTROL_LOST: no bot of …`. */
export function describeLack(lack: CanaryLack): string {
  return `${lack}: ${LACKS[lack]}`
}
