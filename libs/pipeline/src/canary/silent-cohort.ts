import type { CoverageReport } from '#libs/contracts'
import { lateJoiners, withCountOf, type BotCount, type Deadline } from '../late-joiners.js'
import { isOpen, type Canary } from './canary.js'
import { numbersOf } from './members.js'

/** Adds the current numbers of the reported policies to the recorded counts. */
export function withCounts(canary: Canary, reports: readonly CoverageReport[], deadline: Deadline): Canary {
  const reported = isOpen(canary) ? numbersOf(canary).filter((numbers) => reports.some(({ policy }) => policy === numbers.policy)) : []
  if (reported.length === 0) return canary
  const counts: Record<string, BotCount[]> = { ...canary.counts }
  for (const numbers of reported) counts[numbers.policy] = withCountOf(counts[numbers.policy] ?? [], numbers, deadline)
  return { ...canary, counts }
}

/** Whether bots of its cohort are silent. After the observation, bots that have just joined are ignored, unless they are the majority. */
export function isWaitedFor(canary: Canary, deadline: Deadline): boolean {
  return numbersOf(canary).some((numbers) => {
    const late = canary.observed ? lateJoiners(canary.counts?.[numbers.policy] ?? [], numbers, deadline) : 0
    return numbers.acknowledged < numbers.expected - late
  })
}
