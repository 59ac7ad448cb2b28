import { groupBy } from '#libs/contracts'
import type { ReplayBot, ReplayTask } from './replay.js'
import type { ReplayReport } from './report.js'

/** Groups the bots of a task into programs: bots with equal source share one replay. */
export function programsOf(bots: readonly ReplayBot[]): ReplayBot[][] {
  return [...groupBy(bots, ({ source }) => source).values()]
}

/** Splits the task into at most `count` parts; bots with equal source stay together. The first part tries other values. */
export function sharesOf({ bots, triesOthers = false, ...same }: ReplayTask, count: number): ReplayTask[] {
  const programs = programsOf(bots)
  const shares = Math.max(1, Math.min(count, programs.length))
  return Array.from({ length: shares }, (_, share) => ({
    bots: programs.filter((_program, index) => index % shares === share).flat(),
    ...same,
    triesOthers: triesOthers && share === 0,
  }))
}

/** Merges the reports of the parts: the bots sorted by id, and the scenario results, which are equal in all parts. */
export function mergedReport([first, ...rest]: readonly [ReplayReport, ...ReplayReport[]]): ReplayReport {
  if (rest.length === 0) return first
  const reports = [first, ...rest]
  const byId = (a: { bot: string }, b: { bot: string }): number => (a.bot < b.bot ? -1 : 1)
  return {
    ...first,
    bots: reports.flatMap(({ bots }) => bots).sort(byId),
    impact: { ...first.impact, bots: reports.flatMap(({ impact }) => impact.bots).sort(byId) },
  }
}
