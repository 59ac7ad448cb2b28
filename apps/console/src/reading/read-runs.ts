import { MAX_RUNS_LISTED, type RunState, type RunView } from '#libs/contracts'
import { queryOf } from '../forms/query.js'
import type { Answer, Read } from './answer.js'

export interface RunsFilter {
  open?: 'yes'
  state?: RunState
  /** Part of a policy's id. */
  policy?: string
  exactPolicy?: string
  /** Time (RFC 3339): older pages are not read. */
  since?: string
  /** Only runs with a smaller number. */
  before?: number
}

export interface RunsFound {
  runs: RunView[]
  /** The next page has the runs before this number; absent on the last page. */
  older?: number
}

const PAGE = 50
/** Maximum responses of the service that one page searches for a policy. */
const MAX_BATCHES = 5

/** Reads one page of runs. The service filters by state. This function filters by policy, in at most `MAX_BATCHES` responses. */
export async function readRuns(read: Read, filter: RunsFilter): Promise<Answer<RunsFound>> {
  const { policy = '', exactPolicy = '', since = '' } = filter
  const runs: RunView[] = []
  let { before } = filter
  for (let batch = 0; batch < MAX_BATCHES; batch++) {
    const answer = await read<RunView[]>(`/v1/runs?${queryOf({ open: filter.open, state: filter.state, before })}`)
    if (answer.kind !== 'loaded') return answer
    for (const run of answer.value) {
      if (!run.policies.some(({ id }) => id.includes(policy) && (exactPolicy === '' || id === exactPolicy))) continue
      if (runs.length === PAGE) return { kind: 'loaded', value: { runs, older: runs.at(-1)!.run } }
      runs.push(run)
    }
    if (answer.value.length < MAX_RUNS_LISTED || answer.value.at(-1)!.createdAt < since) return { kind: 'loaded', value: { runs } }
    before = answer.value.at(-1)!.run
  }
  return { kind: 'loaded', value: { runs, older: before } }
}
