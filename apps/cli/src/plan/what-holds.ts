import type { ApiClient } from '#libs/client'
import { STOP_THE_LINE, type FreezeView, type RunState, type RunView } from '#libs/contracts'
import { readRuns } from '../runs/read-runs.js'

/** Reason why an approved change would wait now. */
export interface Hold {
  kind: 'freeze' | 'run' | 'region'
  /** Id of the freeze, or number of the run. */
  id: string
  detail: string
}

/** States in which a run may occupy regions, unless it waits for its effective time. The canary of another run in these regions waits. */
const OCCUPIES_REGION: ReadonlySet<RunState> = new Set(['CANARY', 'ROLLING_OUT', 'BAKING', 'PAUSED', 'WAITING'])

export async function readHolds(client: ApiClient, policies: readonly string[]): Promise<Hold[]> {
  const [freezes, { runs }] = await Promise.all([client.get('/v1/freezes'), readRuns(client, { open: 'yes' }, Infinity)])
  return holdsOf(policies, freezes, runs)
}

/** Pure. Returns active freezes, then runs of the same policies, then other runs, which block the canary only if their regions overlap. */
export function holdsOf(policies: readonly string[], freezes: readonly FreezeView[], open: readonly RunView[]): Hold[] {
  const isSame = (run: RunView): boolean => run.policies.some(({ id }) => policies.includes(id))
  const active = freezes.filter(({ state }) => state === 'ACTIVE')
  const others = open.filter((run) => !isSame(run) && OCCUPIES_REGION.has(run.state) && run.reason !== 'EFFECTIVE_AT')
  return [
    ...active.map(({ id, reason, scope, next }): Hold => {
      const until = next === null ? (id === STOP_THE_LINE ? 'until the stop switch is off' : 'until it is lifted') : `until ${next}`
      return {
        kind: 'freeze',
        id,
        detail: `freeze ${id} holds changes ${scope === 'global' ? 'everywhere' : `in ${scope}`} ${until}: ${reason}`,
      }
    }),
    ...open.filter(isSame).map(({ run, state, policies: named }): Hold => ({
      kind: 'run',
      id: String(run),
      detail:
        `run #${run} of ${named.map(({ id }) => id).join(', ')} has not ended (${state}): ` +
        'wait behind it (--queue) or end it (--supersede)',
    })),
    ...others.map(({ run, state, policies: named }): Hold => ({
      kind: 'region',
      id: String(run),
      detail: `run #${run} of ${named.map(({ id }) => id).join(', ')} is ${state}: this change's canary waits if the regions overlap`,
    })),
  ]
}
