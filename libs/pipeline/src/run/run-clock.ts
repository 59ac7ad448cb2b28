import type { RunClock, RunState } from '#libs/contracts'
import type { RunFacts } from './run-facts.js'

/** States in which the rule is live for all, once rollout has reported its reach. */
const IN_FORCE: ReadonlySet<RunState> = new Set(['BAKING', 'NOTIFYING', 'SUCCEEDED', 'WAITING', 'PAUSED'])

/** Returns the clock of a run, which starts at its first accepted signature. */
export function clockOf({ createdAt, stages: { rollout, notify } }: RunFacts, state: RunState): RunClock | undefined {
  const reach = rollout?.reach
  if (reach === undefined || !IN_FORCE.has(state)) return undefined
  const since = (at: string | null | undefined): number | null => (at == null ? null : (Date.parse(at) - Date.parse(createdAt)) / 1_000)
  const partners = notify?.partners ?? 0
  return {
    bots: reach.bots,
    current: reach.current,
    partners,
    told: notify?.told ?? 0,
    toldInTime: notify?.toldInTime ?? 0,
    acknowledged: notify?.acknowledged ?? 0,
    seconds: {
      half: since(reach.halfAt),
      most: since(reach.mostAt),
      all: since(reach.allAt),
      partners: partners > 0 && notify?.told === partners ? since(notify.toldAt ?? notify.endedAt) : null,
    },
    ...(rollout?.effectiveAt === undefined ? {} : { effectiveAt: rollout.effectiveAt }),
  }
}
