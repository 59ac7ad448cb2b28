import { isTerminal, type RunState } from '#libs/contracts'
import { DATA } from './decode.js'
import type { Oracle } from './oracle.js'

/** I1: every run ends, and is in one terminal state from then on. Told by what approver wrote, not by how it looks in the end. */
export const runsEndOnce: Oracle = {
  name: 'every run ends in exactly one terminal state',
  async check({ observer }) {
    const runs = await observer.rows<{ id: string; state: RunState }>('SELECT id, state FROM approver.run')
    const violations = runs.filter(({ state }) => !isTerminal(state)).map(({ id, state }) => `run ${id} is still ${state}`)
    const told = await observer.rows<{ run_id: string; state: RunState }>(
      `SELECT run_id, ${DATA}#>>'{view,state}' AS state FROM approver.outbox WHERE type = 'hms.run.changed.v1' ORDER BY run_id, key_seq`,
    )
    const ends = new Map<string, Set<RunState>>()
    for (const { run_id, state } of told) {
      const known = ends.get(run_id) ?? new Set()
      if (isTerminal(state) || known.size > 0) ends.set(run_id, known.add(state))
    }
    for (const [run, states] of ends) if (states.size > 1) violations.push(`run ${run} ended as ${[...states].join(', then ')}`)
    return { looked: Math.min(runs.length, ends.size), violations }
  },
}
