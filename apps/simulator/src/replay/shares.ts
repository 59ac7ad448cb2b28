import { groupBy } from '#libs/contracts'
import type { ReplayBot, Replayed, ReplayTask } from './replay.js'
import type { ReplayReport } from './report.js'

/** Groups the bots of a task into programs: bots with equal source share one replay. */
export function programsOf(bots: readonly ReplayBot[]): ReplayBot[][] {
  return [...groupBy(bots, ({ source }) => source).values()]
}

/** Splits the task into at most `count` parts; bots with equal source stay together. The first part tries other values. */
export function sharesOf({ bots, whatIf, ...same }: ReplayTask, count: number): ReplayTask[] {
  const programs = programsOf(bots)
  const shares = Math.max(1, Math.min(count, programs.length))
  return Array.from({ length: shares }, (_, share) => ({
    bots: programs.filter((_program, index) => index % shares === share).flat(),
    ...same,
    ...(share === 0 && whatIf !== undefined ? { whatIf } : {}),
  }))
}

/** Merges the results of the parts. */
export function merged([first, ...rest]: readonly [Replayed, ...Replayed[]]): Replayed {
  return { ...first, report: mergedReport([first.report, ...rest.map(({ report }) => report)]) }
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
