import { groupBy } from '#libs/contracts'
import type { ReplayBot, ReplayTask } from './replay.js'
import type { ReplayReport } from './report.js'

/** Programs of a task: bots of the same text share one replay. */
export function programsOf(bots: readonly ReplayBot[]): ReplayBot[][] {
  return [...groupBy(bots, ({ source }) => source).values()]
}

/** The task in at most `count` parts; bots of the same text stay together. */
export function sharesOf({ bots, ...same }: ReplayTask, count: number): ReplayTask[] {
  const programs = programsOf(bots)
  const shares = Math.max(1, Math.min(count, programs.length))
  return Array.from({ length: shares }, (_, share) => ({
    bots: programs.filter((_program, index) => index % shares === share).flat(),
    ...same,
  }))
}

/** The report of the whole task: what its shares found of their bots, in the order of ids. What it says of scenarios all of them found. */
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
