import type { ApiClient } from '#libs/client'
import { MAX_RUNS_LISTED, type RunState, type RunView } from '#libs/contracts'

export interface RunsQuery {
  open?: 'yes'
  state?: RunState
  /** Only runs with a smaller number. */
  before?: number
}

/** Reads the newest matching runs, `most` of them, page by page; `more`: there may be older ones. */
export async function readRuns(
  client: Pick<ApiClient, 'get'>,
  query: RunsQuery,
  most: number,
): Promise<{ runs: RunView[]; more: boolean }> {
  const runs: RunView[] = []
  for (let { before } = query; ;) {
    const page = await client.get('/v1/runs', { ...query, before })
    runs.push(...page)
    const isLast = page.length < MAX_RUNS_LISTED
    if (isLast || runs.length >= most) return { runs: runs.slice(0, most), more: !isLast || runs.length > most }
    before = page.at(-1)!.run
  }
}
