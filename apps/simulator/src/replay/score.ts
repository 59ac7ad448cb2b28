import { BOT_CLASSES, type BotClass, type ReplayScore } from '#libs/pipeline'
import { listed } from '#libs/contracts'
import type { BotReport, ReplayReport } from './report.js'

export interface ScoreOptions {
  /** Bots that must adapt regardless of the percentage. */
  critical?: readonly string[]
  /** Per cent of the applicable bots that must adapt. */
  threshold?: number
}

const THRESHOLD_PERCENT = 95
const LISTED_IDS = 5

/** Scores all applicable bots, not a sample, so percentages are exact and have no confidence interval. */
export function scoreReplay(report: ReplayReport, options: ScoreOptions = {}): ReplayScore {
  const applicable = report.bots.filter((bot) => bot.class !== 'NOT_APPLICABLE')
  const adapted = applicable.filter(isGood)
  const counts = {
    adapted: adapted.length,
    applicable: applicable.length,
    percent: percentOf(adapted.length, applicable.length),
    discriminating: sum(report, (scenario) => scenario.discriminating.recorded),
    boundary: sum(report, (scenario) => scenario.discriminating.boundary),
    firstVersion: report.scenarios.length > 0 && report.scenarios.every((scenario) => scenario.firstVersion),
    bots: byClass(report.bots),
  }
  const missing = missingEvidence(report, applicable.length)
  if (missing) return { verdict: 'INCONCLUSIVE', reason: 'NO_EVIDENCE', ...counts, summary: `NO_EVIDENCE: ${missing}` }
  return { ...judge(applicable, counts, options), ...counts, summary: summaryOf(counts, applicable, options.critical ?? []) }
}

type Counts = Omit<ReplayScore, 'verdict' | 'reason' | 'summary'>

function judge(applicable: BotReport[], counts: Counts, options: ScoreOptions): Pick<ReplayScore, 'verdict' | 'reason'> {
  const failed = applicable.filter((bot) => !isGood(bot))
  if (failed.some((bot) => options.critical?.includes(bot.bot))) return { verdict: 'FAIL', reason: 'CRITICAL_BOT' }
  if (counts.firstVersion) return failed.length ? { verdict: 'FAIL', reason: 'BOT_CRASHED' } : { verdict: 'PASS' }
  const needed = (options.threshold ?? THRESHOLD_PERCENT) * counts.applicable
  if (counts.adapted * 100 < needed) return { verdict: 'FAIL', reason: 'BELOW_THRESHOLD' }
  // If the change flips the verdict of no input, a bot that ignores the policy agrees everywhere: agreement then proves nothing.
  if (counts.discriminating + counts.boundary === 0) return { verdict: 'INCONCLUSIVE', reason: 'NO_DISCRIMINATING_INPUT' }
  return { verdict: 'PASS' }
}

function isGood(bot: BotReport): boolean {
  return bot.class === 'ADAPTED' || bot.class === 'RAN'
}

function missingEvidence(report: ReplayReport, applicable: number): string | null {
  if (!report.scenarios.length) return 'no scenario for this policy'
  if (report.scenarios.every((scenario) => scenario.recorded + scenario.boundary === 0)) return 'no inputs to replay'
  if (!report.bots.length) return 'no bots registered'
  if (!applicable) return `no bot reads ${[...new Set(report.scenarios.flatMap((scenario) => scenario.policies))].join(', ')}`
  return null
}

function summaryOf(counts: Counts, applicable: BotReport[], critical: readonly string[]): string {
  const share = `${counts.adapted}/${counts.applicable}`
  const parts = [counts.firstVersion ? `first version, ${share} bots ran without a crash` : `${counts.percent}% bots adapted, ${share}`]
  for (const name of BOT_CLASSES) {
    const ids = counts.bots[name]
    if (!ids || name === 'ADAPTED' || name === 'RAN') continue
    parts.push(name === 'NOT_APPLICABLE' ? `${ids.length} not applicable` : `${ids.length} ${name}: ${listed(ids, LISTED_IDS)}`)
  }
  const failedCritical = applicable.filter((bot) => !isGood(bot) && critical.includes(bot.bot)).map((bot) => bot.bot)
  if (failedCritical.length) parts.push(`critical: ${listed(failedCritical, LISTED_IDS)}`)
  if (!counts.firstVersion)
    parts.push(`${counts.discriminating} discriminating inputs${counts.boundary ? ` and ${counts.boundary} at the boundary` : ''}`)
  return parts.join('; ')
}

function percentOf(part: number, whole: number): string {
  const tenths = whole ? Math.floor((part * 1000) / whole) : 0
  return `${Math.floor(tenths / 10)}.${tenths % 10}`
}

function byClass(bots: readonly BotReport[]): Partial<Record<BotClass, string[]>> {
  const found: Partial<Record<BotClass, string[]>> = {}
  for (const bot of bots) (found[bot.class] ??= []).push(bot.bot)
  return found
}

function sum(report: ReplayReport, value: (scenario: ReplayReport['scenarios'][number]) => number): number {
  return report.scenarios.reduce((total, scenario) => total + value(scenario), 0)
}
