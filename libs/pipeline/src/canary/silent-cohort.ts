import type { CoverageReport } from '#libs/contracts'
import { lateJoiners, addCount, type BotCount, type Deadline } from '../late-joiners.js'
import { isOpen, type Canary } from './canary.js'
import { botCounts } from './members.js'

/** Records the current bot counts of the reported policies in `counts`, while the canary is open. */
export function recordBotCounts(canary: Canary, reports: readonly CoverageReport[], deadline: Deadline): Canary {
  const reported = isOpen(canary) ? botCounts(canary).filter((numbers) => reports.some(({ policy }) => policy === numbers.policy)) : []
  if (reported.length === 0) return canary
  const counts: Record<string, BotCount[]> = { ...canary.counts }
  for (const numbers of reported) counts[numbers.policy] = addCount(counts[numbers.policy] ?? [], numbers, deadline)
  return { ...canary, counts }
}

/** Whether bots of the cohort have not acknowledged. After the observation, late joiners are ignored (see `lateJoiners`). */
export function hasSilentBots(canary: Canary, deadline: Deadline): boolean {
  return botCounts(canary).some((numbers) => {
    const late = canary.observed ? lateJoiners(canary.counts?.[numbers.policy] ?? [], numbers, deadline) : 0
    return numbers.acknowledged < numbers.expected - late
  })
}
