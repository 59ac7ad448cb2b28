import { MAX_RUNS_LISTED, type RunState, type RunView } from '#libs/contracts'
import type { Answer, Read } from '../reading/answer.js'
import { queryOf } from '../forms/query.js'

export interface RunsFilter {
  open?: 'yes'
  state?: RunState
  /** Part of a policy's id. */
  policy?: string
  /** Only runs with a smaller number. */
  before?: number
}

export interface RunsFound {
  runs: RunView[]
  /** Where the next page begins; absent behind the last one. */
  older?: number
}

const PAGE = 50
/** Answers that one page may look through for a policy. */
const MAX_BATCHES = 5

/** One page of runs. The service filters by state; by policy the page does, over as many runs as it may look through. */
export async function readRuns(read: Read, filter: RunsFilter): Promise<Answer<RunsFound>> {
  const runs: RunView[] = []
  let { before } = filter
  for (let batch = 0; batch < MAX_BATCHES; batch++) {
    const answer = await read<RunView[]>(`/v1/runs?${queryOf({ open: filter.open, state: filter.state, before })}`)
    if (answer.kind !== 'loaded') return answer
    for (const run of answer.value) {
      if (filter.policy !== undefined && !run.policies.some(({ id }) => id.includes(filter.policy!))) continue
      if (runs.length === PAGE) return { kind: 'loaded', value: { runs, older: runs.at(-1)!.run } }
      runs.push(run)
    }
    if (answer.value.length < MAX_RUNS_LISTED) return { kind: 'loaded', value: { runs } }
    before = answer.value.at(-1)!.run
  }
  return { kind: 'loaded', value: { runs, older: before } }
}
